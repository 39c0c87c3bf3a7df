"""Small templates, each about one thing. The name tells which; a line is one template."""

EXPRESSIONS = r"""
{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 6 / 2 }}
{{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 2.0 ** 3 }} {{ 0 ** 0 }} {{ (-1) ** 5 }}
{{ 1.5 + 1 }} {{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e15 }} {{ 1e-5 }} {{ 0.0001 }} {{ 1.0 }} {{ 1e300 * 1e10 }} {{ 5.5 // 2 }} {{ -5.5 % 2 }}
{{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }} {{ 1_0.5 }} {{ 1.5e3 }} {{ 2E2 }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ 1 == true }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ (1, 2) == (1, 2) }} {{ (1,) == [1] }}
{{ 1 == 1 == 1 }} {{ 1 != 2 != 1 }} {{ 3 > 2 >= 2 }}
{{ 1 < 'a' }}
{{ none < 1 }}
{{ not true }} {{ not not 1 }} {{ not 0 and 1 }} {{ 0 or 'x' }} {{ 1 and 0 }} {{ '' or none }} {{ 1 or x.y.z }}
{{ true and false or true }} {{ not 1 == 2 }}
{{ 'a' in 'abc' }} {{ 'd' not in 'abc' }} {{ 1 in [1, 2] }} {{ 'k' in {'k': 1} }} {{ 3 in (1, 2) }} {{ not 1 in [1] }} {{ '' in 'a' }}
{{ 1 in 'abc' }}
{{ 1 in 5 }}
{{ 'yes' if 1 else 'no' }} {{ 'yes' if 0 else 'no' }} {{ 'yes' if 0 }} {{ 1 if 0 else 2 if 0 else 3 }}
{{ ('x' if 0) is defined }} {{ (1 if true else 2) + 1 }}
{{ 'a' ~ 1 ~ none ~ true ~ 1.5 ~ [1] }} {{ 1 ~ 2 + 3 }}
{{ 1 ~ 2 * 3 }} {{ 'a' ~ missing ~ 'b' }}
{{ 'a' + 'b' }} {{ 'ab' * 3 }} {{ 3 * 'ab' }} {{ 'a' * -1 }} {{ [1] + [2] }} {{ [0] * 3 }} {{ (1,) + (2,) }}
{{ 'a' + 1 }}
{{ 1 + none }}
{{ 'a' - 'b' }}
{{ [1] + (2,) }}
{{ 'a' + missing }}
{{ missing + 1 }}
{{ -'a' }}
{{ 1 // 0 }}
{{ 1 % 0 }}
{{ 1.0 / 0 }}
{{ +1 }} {{ -1 }} {{ - -1 }} {{ -true }} {{ true + true }} {{ --1 }}
{{ [1, 'a', none, true, 1.5, [2], (3,), {'k': 'v'}] }} {{ () }} {{ [] }} {{ {} }} {{ (1) }} {{ (1,) }} {{ 1, 2 }}
{{ ['it\'s', 'say "x"', 'both \' "', 'tab\t', 'nl\n', 'back\\', 'é🙂', '\x01\x7f'] }}
{{ {'a': 1, 2: 'b', none: true, (1, 2): 3} }} {{ {'a': 1, 'a': 2} }} {{ {1: 'a', true: 'b', 1.0: 'c'} }}
{{ {[1]: 2} }}
{{ [1, 2,] }} {{ {'a': 1,} }} {{ (1, 2,) }}
{{ 'abc'[0] }} {{ 'abc'[-1] }} {{ 'abc'[5] }} {{ 'é🙂x'[1] }} {{ [1, 2, 3][-2] }} {{ [1][7] is defined }} {{ (1, 2).0 }} {{ [5, 6].1 }}
{{ 'abcdef'[1:3] }} {{ 'abcdef'[:-2] }} {{ 'abcdef'[-2:] }} {{ 'abcdef'[::2] }} {{ 'abcdef'[::-1] }} {{ 'é🙂xy'[1:3] }} {{ 'abc'[10:] }}|{{ 'abc'[2:1] }}|
{{ [1, 2, 3, 4][1:] }} {{ [1, 2, 3, 4][:-1] }} {{ [1, 2, 3, 4][::-1] }} {{ [1, 2, 3, 4][3:0:-2] }} {{ (1, 2, 3)[1:] }} {{ [1, 2][:] }} {{ [1, 2, 3][-100:100] }} {{ [1, 2, 3][100:-100:-1] }} {{ [1, 2, 3, 4][none:2] }}
{{ [1, 2, 3][::0] }}
{{ {'a': 1}[0:1] }}
{{ {'a': {'b': [10, 20]}}.a.b[1] }} {{ {'a': 1}['a'] }} {{ {'a': 1}.z is defined }} {{ {'a': 1}['z'] }} {{ {1: 'one'}[1] }} {{ {'items': 5}['items'] }}
{{ none.x is defined }} {{ 'a'.foo is defined }} {{ 5['a'] is defined }}
{{ missing }} {{ missing is defined }} {{ messages[0].nothing }}
{{ missing.x }}
{{ missing['x'] }}
{{ missing() }}
{{ messages[0].nothing.more }}
{{ 'abc'() }}
{{ 'a' 'b' "c" }} {{ "tab\there" }} {{ 'nl\nx' }} {{ '\x41\u00e9\U0001F642' }} {{ '\101' }} {{ '\q' }} {{ 'a\
b' }}
{{ "\"" }} {{ '\'' }} {{ "'" }} {{ '%}' }} {{ '}}' }} {{ '{{' }} {{ '#}' }}
{{ '\xZZ' }}
{{ true }} {{ True }} {{ none }} {{ None }} {{ false }} {{ False }}
{{ {'a': {}} }} {{ {'a': {'b': {}}}.a }} {{ [{}] }}
{{ 'é' == 'é' }} {{ 'Z' < 'a' }} {{ 'z' < 'é' }} {{ '' < 'a' }}
{{ 9223372036854775807 }} {{ -9223372036854775807 - 1 }}
{{ 1 is defined and missing is not defined }} {{ missing is undefined }} {{ not missing is defined }}
{{ none is none }} {{ 1 is none }} {{ missing is none }} {{ 'a' is string }} {{ missing is string }} {{ 1 is string }}
{{ {} is mapping }} {{ [] is mapping }} {{ [] is iterable }} {{ 'a' is iterable }} {{ 1 is iterable }} {{ missing is iterable }} {{ {} is iterable }}
{{ [] is sequence }} {{ 'a' is sequence }} {{ {} is sequence }} {{ 1 is sequence }} {{ missing is sequence }} {{ none is sequence }}
{{ 1 is number }} {{ 1.5 is number }} {{ true is number }} {{ 'a' is number }} {{ 1 is integer }} {{ true is integer }} {{ 1.0 is integer }} {{ 1.0 is float }} {{ 1 is float }}
{{ true is boolean }} {{ 1 is boolean }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ 0 is false }}
{{ 2 is even }} {{ 3 is even }} {{ 3 is odd }} {{ -3 is odd }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }}
{{ 1 is eq 1 }} {{ 1 is equalto 2 }} {{ 1 is ne 2 }} {{ 1 is lt 2 }} {{ 2 is ge 2 }} {{ 3 is gt(2) }} {{ 3 is le 2 }} {{ 1 is sameas 1 }} {{ 1 is sameas true }} {{ none is sameas none }}
{{ 1 is in [1, 2] }} {{ 'x' is in 'abc' }} {{ 3 is not in [1] }} {{ range is callable }} {{ 1 is callable }} {{ 'a'.upper is callable }}
{{ 'abc' is lower }} {{ 'ABC' is upper }} {{ 'aBc' is lower }} {{ '1' is upper }}
{{ 1 is unknowntest }}
{{ 'a' is even }}
{{ 1 is defined is none }}
{{ [1, 2] | length is eq 2 }} {{ 'x' if missing is defined else 'y' }} {{ 1 is defined or missing.x }}
""".split("\n")

FILTERS = r"""
{{ '  x \n' | trim }}| {{ 'xxaxx' | trim('x') }} {{ 1 | trim }} {{ none | trim }} {{ missing | trim }}| {{ '\u00a0x\u3000' | trim }}|
{{ 'aBc é ж' | upper }} {{ 'ABC É Ж' | lower }} {{ 'hELLO wORLD' | capitalize }} {{ 'hello wORLD foo-bar (baz) it\'s' | title }} {{ '' | capitalize }}|
{{ 'abc' | length }} {{ 'é🙂' | length }} {{ [1, 2] | count }} {{ {'a': 1} | length }} {{ missing | length }} {{ (1,) | length }}
{{ 1 | length }}
{{ none | length }}
{{ [1, 'a', none] | join }} {{ [1, 2] | join(', ') }} {{ 'abc' | join('-') }} {{ [{'n': 1}, {'n': 2}] | join('+', attribute='n') }} {{ [] | join }}| {{ missing | join(',') }}|
{{ 'aaa' | replace('a', 'b') }} {{ 'aaa' | replace('a', 'b', 2) }} {{ 'abc' | replace('', '-') }} {{ 121 | replace('1', 'x') }} {{ 'a' | replace('a', 5) }}
{{ missing | default('d') }} {{ '' | default('d') }}| {{ '' | default('d', true) }} {{ none | default('d') }} {{ none | d('d', boolean=true) }} {{ missing | d }}| {{ 0 | default(5, true) }}
{{ missing.x | default('d') }}
{{ [1, 2] | first }} {{ [1, 2] | last }} {{ 'abc' | first }} {{ 'abc' | last }} {{ [] | first }}| {{ {'k': 1} | first }}
{{ 'abc' | list }} {{ (1, 2) | list }} {{ {'a': 1, 'b': 2} | list }} {{ missing | list }} {{ range(3) | list }}
{{ 5 | list }}
{{ [{'a': 1}, {'a': 2}] | map(attribute='a') | list }} {{ ['a', 'b'] | map('upper') | list }} {{ [{'a': {'b': 5}}] | map(attribute='a.b') | list }} {{ [{'a': 1}, {}] | map(attribute='a', default='none') | join(',') }} {{ [[1, 2], [3, 4]] | map('first') | list }} {{ [[1, 2], [3, 4]] | map(attribute=1) | list }} {{ ['a-b'] | map('replace', '-', '+') | list }}
{{ [1, 2] | map('nofilter') | list }}
{{ [1] | map | list }}
{{ [0, 1, '', 'a'] | select | list }} {{ [0, 1, '', 'a'] | reject | list }} {{ [1, 2, 3, 4] | select('even') | list }} {{ [1, 2, 3] | reject('odd') | list }} {{ [1, 2, 3] | select('gt', 1) | list }} {{ [1, 2, 3] | select('in', [1, 3]) | list }} {{ [1, 2, 3] | select('>=', 2) | list }} {{ [1, none] | select('none') | list }}
{{ none | map('upper') | list }} {{ none | selectattr('x') | list }} {{ none | rejectattr('x', 'eq', 1) | list }} {{ none | select | list }} {{ false | reject('odd') | list }} {{ missing | map(attribute='x') | list }}
{{ 1 | map('upper') | list }}
{{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('role', 'eq', 'user') | map(attribute='role') | list }} {{ messages | selectattr('missing') | list }} {{ messages | selectattr('missing', 'undefined') | list | length }} {{ messages | selectattr('role', 'in', ['system']) | map(attribute='content') | first }} {{ messages | rejectattr('role') | list }}
{{ {'a': [1, 2.5, none, true, 'x"\\\n\t\u0001é🙂/'], 'b': {}, 'c': []} | tojson }} {{ 'a' | tojson }} {{ none | tojson }} {{ 1e20 | tojson }} {{ (1, 2) | tojson }} {{ {1: 2, none: 3, true: 4, 1.5: 6} | tojson }}
{{ {'a': [1, {'b': 2}], 'c': {}, 'd': []} | tojson(indent=2) }} {{ [1, [2]] | tojson(indent=0) }} {{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }} {{ [1, 2] | tojson(separators=(',', ':')) }} {{ {'a': 1} | tojson(separators=(',', ':')) }} {{ 'é🙂\x7f' | tojson(ensure_ascii=true) }} {{ [1] | tojson(indent='--') }}
{{ missing | tojson }}
{{ range | tojson }}
{{ 5 | string + 'a' }} {{ none | string }} {{ [1] | string | length }} {{ 'a' | safe }} {{ 1.0 | string }}
{{ '5' | int }} {{ ' 42 ' | int }} {{ '5.9' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 5.9 | int }} {{ -5.9 | int }} {{ true | int }} {{ 'ff' | int(base=16) }} {{ '0x1f' | int(0, 16) }} {{ none | int }} {{ '-3' | int }} {{ '+3' | int }} {{ [] | int }}
{{ '1.5' | float }} {{ 3 | float }} {{ 'x' | float }} {{ 'x' | float(2.5) }} {{ '1e3' | float }} {{ 'inf' | float }} {{ none | float }}
{{ missing | int }}
{{ {'a': 1, 'b': 2} | items | list }} {{ missing | items | list }}
{{ [1] | items | list }}
{{ {'b': 1, 'a': 2, 'C': 0} | dictsort }} {{ {'b': 1, 'a': 2} | dictsort(by='value') }} {{ {'b': 1, 'a': 2} | dictsort(reverse=true) }} {{ {'b': 1, 'A': 2, 'a': 3} | dictsort(true) }}
{{ [1, 2, 1, 'a', 'A'] | unique | list }} {{ ['a', 'A'] | unique(true) | list }} {{ messages | unique(attribute='role') | map(attribute='role') | list }}
{{ [1, 2, 3] | reverse | list }} {{ 'abc🙂' | reverse }} {{ [3, 1, 2] | sort }} {{ [3, 1, 2] | sort(reverse=true) }} {{ ['b', 'A', 'c'] | sort }} {{ ['b', 'A', 'c'] | sort(case_sensitive=true) }} {{ [{'n': 2}, {'n': 1}] | sort(attribute='n') }} {{ {'b': 1, 'a': 2} | sort }}
{{ [1, 'a'] | sort }}
{{ [[2, 'x'], [1, 'y'], [2, 'a'], [1, 'b']] | sort(attribute=0) }} {{ [[2, 'x'], [1, 'y'], [2, 'a']] | sort(attribute='0', reverse=true) }}
{{ 'a\nb\n\nc' | indent }} {{ 'a\nb' | indent(2, true) }} {{ 'a\n\nb' | indent(2, blank=true) }} {{ 'a\nb' | indent('> ') }} {{ 'a' | indent }}| {{ 'a\n' | indent }}| {{ '' | indent }}|
{{ '<a href="x">\'&\'</a>' | escape }} {{ '<' | e }}
{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.567 | round(2) }} {{ 2.1 | round(method='ceil') }} {{ 2.9 | round(0, 'floor') }} {{ 5 | round }} {{ 1234.5 | round(-2) }} {{ 2.675 | round(2) }} {{ -2.5 | round }} {{ 0.125 | round(2, 'ceil') }}
{{ -5 | abs }} {{ -5.5 | abs }} {{ (-1) | abs }} {{ true | abs }}
{{ 'a' | abs }}
{{ [3, 1, 2] | min }} {{ [3, 1, 2] | max }} {{ ['b', 'A'] | min }} {{ [] | max }}| {{ [{'n': 2}, {'n': 1}] | min(attribute='n') }} {{ 'hello' | max }}
{{ [1, 2, 3] | sum }} {{ [{'n': 2}, {'n': 1}] | sum(attribute='n') }} {{ [1] | sum(start=10) }} {{ [] | sum }} {{ [0.5, 1] | sum }}
{{ ['a'] | sum }}
{{ 'a b  c' | wordcount }}
{{ 1 | nofilter }}
{{ 'a' | upper | lower ~ 'B' }} {{ ('a' ~ 'b') | upper }} {{ 'a' ~ 'b' | upper }} {{ -1 | abs }} {{ 1 + '2' | int }} {{ [1, 2] | last | string | length }}
{{ 'a' | upper() }} {{ [1, 2] | join (', ') }} {{ 'x'|upper|lower|title }}
{{ 'a' | trim(1, 2, 3) }}
{{ 'a' | upper(foo=1) }}
""".split("\n")

METHODS = r"""
{{ '  x '.strip() }}| {{ '  x '.lstrip() }}| {{ '  x '.rstrip() }}| {{ 'xyaxy'.strip('xy') }} {{ '\n\na\n'.lstrip('\n') }}| {{ 'éaé'.strip('é') }}
{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('bc') }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.endswith('') }}
{{ 'abc'.startswith(1) }}
{{ 'a,b,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ ' a  b c '.split() }} {{ ' a  b  c '.split(none, 1) }} {{ 'a b c '.rsplit(none, 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ''.split(',') }} {{ ''.split() }} {{ 'abc'.split('x') }} {{ 'a<think>b</think>c'.split('</think>')[-1] }} {{ ' a b'.split(None, 0) }} {{ 'a,b'.split(sep=',') }}
{{ 'a'.split('') }}
{{ 'aB é'.upper() }} {{ 'AB É'.lower() }} {{ 'heLLO wORLD'.title() }} {{ "it's o-k 3rd".title() }} {{ 'heLLO wORLD'.capitalize() }}
{{ 'aaa'.replace('a', 'b') }} {{ 'aaa'.replace('a', 'b', 1) }} {{ 'abc'.replace('', '.') }} {{ 'aXbX'.replace('X', '') }}
{{ 'a'.replace('a', 1) }}
{{ 'abcabc'.find('c') }} {{ 'é🙂c'.find('c') }} {{ 'abc'.find('x') }} {{ 'abcabc'.rfind('c') }} {{ 'abc'.index('b') }} {{ 'aXbX'.count('X') }} {{ 'abc'.count('') }}
{{ 'abc'.index('x') }}
{{ ', '.join(['a', 'b']) }} {{ ''.join('abc') }} {{ '-'.join([]) }}|
{{ ','.join([1]) }}
{{ '{} and {}'.format(1, 'b') }} {{ '{0}{1}{0}'.format('a', 'b') }} {{ '{x}!'.format(x=5) }} {{ '{{}}'.format() }} {{ '{}'.format(none) }} {{ 'é{}'.format([1, 'a']) }}
{{ '{}'.format() }}
{{ '{'.format() }}
{{ '12'.isdigit() }} {{ 'a1'.isdigit() }} {{ ''.isdigit() }} {{ 'ab'.isalpha() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ 'AB'.isupper() }} {{ 'ab'.islower() }}
{{ 'a\nb\r\nc'.splitlines() }} {{ 'a\n'.splitlines() }} {{ ''.splitlines() }}
{{ {'a': 1, 'b': 2}.items() | list }} {{ {'a': 1}.keys() | list }} {{ {'a': 1}.values() | list }} {{ {'a': 1}.get('a') }} {{ {'a': 1}.get('x') }} {{ {'a': 1}.get('x', 5) }} {{ {1: 2}.get(1) }}
{% for k, v in {'a': 1, 'b': [2]}.items() %}{{ k }}={{ v }};{% endfor %}
{{ [1, 2, 1].count(1) }} {{ [1, 2].index(2) }} {{ (1, 2).index(2) }} {{ (1, 1).count(1) }}
{{ [1].index(5) }}
{{ [1].append(2) }}
{% set x = [1] %}{% set _ = x.append(2) %}{{ x }}
{{ {}.update({'a': 1}) }}
{{ 'a'.nosuchmethod() }}
{{ messages[0].content.strip().upper() }} {{ messages[-1]['content'].split('?')[0] }} {{ messages[0].items() | list }}
{{ 'abc'.upper }}{{ '' if true else 'abc'.foo }}X
""".split("\n")[:-2]

STATEMENTS = r"""
{% if 1 %}a{% endif %}{% if 0 %}b{% elif 1 %}c{% else %}d{% endif %}{% if 0 %}e{% else %}f{% endif %}{% if missing %}g{% endif %}{% if '' or [] or {} or 0.0 %}h{% endif %}
{% for x in [1, 2, 3] %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}
{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}
{% for x in 'abc' %}{{ loop.cycle('odd', 'even') }}{{ x }}{% endfor %}{% for x in [] %}x{% else %}empty{% endfor %}
{% for x in missing %}x{% else %}none{% endfor %}{% for k in {'a': 1, 'b': 2} %}{{ k }}{% endfor %}{% for c in 'é🙂' %}[{{ c }}]{% endfor %}
{% for x in 5 %}{% endfor %}
{% for x in none %}{% endfor %}
{% for a, b in [(1, 2), [3, 4]] %}{{ a }}-{{ b }};{% endfor %}
{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}
{% for a, b in ['xy', 'zw'] %}{{ a }}{{ b }};{% endfor %}{% for (a, b) in [[1, 2]] %}{{ a }}{{ b }}{% endfor %}
{% for x in range(10) if x is even %}{{ x }}{{ loop.index }}{% if loop.last %}!{% endif %}{% else %}none{% endfor %}
{% for x in [1, 2, 3] if x > 5 %}{{ x }}{% else %}none{% endfor %}
{% for x in [1, 2, 3, 4] %}{% if x == 3 %}{% break %}{% endif %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}
{% for x in [1, 2] %}{% for y in 'ab' %}{{ x }}{{ y }}{{ loop.index }}{% if y == 'a' %}{% continue %}{% endif %}{% break %}{% endfor %}{{ loop.index }};{% endfor %}
{% break %}
{% for x in 1, 2, 3 %}{{ x }}{% endfor %}{% for x in (1, 2) + (3,) %}{{ x }}{% endfor %}
{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}
{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}
{% set ns = namespace(n=0, s='a') %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}{{ ns.s }}{{ ns.missing is defined }}
{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}{% set ns.c = [1] %}{{ ns.c }}{{ ns['a'] }}
{% set x = {} %}{% set x.y = 1 %}
{% set missing.y = 1 %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}{% set t = 1, 2 %}{{ t }}{% set (c, d) = [3, 4] %}{{ c }}{{ d }}
{% set a, b = [1] %}
{% set x %}block {{ 1 + 1 }}{% endset %}{{ x }}{{ x | length }}{% set y | upper | trim %} inner {% endset %}{{ y }}|
{% set x %}{% set inner = 1 %}a{% endset %}{{ inner is defined }}{{ x }}
{% macro m(a, b=2, c='x') %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(1, c='y') }}{{ m(a=5) }}{{ m() }}{{ m(1, b=none) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(x=2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}
{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}{{ m(2) | length }}{{ m is callable }}
{% set g = 'global' %}{% macro m() %}{{ g }}{% set g = 'local' %}{{ g }}{% endmacro %}{{ m() }}{{ g }}
{% macro a() %}A{% endmacro %}{% macro b(x) %}{{ a() }}{{ x }}{% endmacro %}{{ b('<') }}{{ b(a()) ~ 'z' }}
{% macro m(a, b) %}{{ a is defined }}{{ b is defined }}{% endmacro %}{{ m(1) }}
{% macro m(a=1, b) %}{% endmacro %}
{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}
{% filter upper %}a{{ 'b' }}{% endfilter %}{% filter replace('a', 'x') | upper %}banana{% endfilter %}
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z is defined }}
{% generation %}x{{ 1 }}{% endgeneration %}{% for m in messages %}{% generation %}{{ m.role }}{{ loop.index }}{% endgeneration %}{% endfor %}
{% raw %}{{ x }} {% if %} {# c #}{% endraw %}{{ 1 }}
a{# comment {{ x }} {% if %} #}b{#- c -#} d{# multi
line #}
{{ raise_exception('stop') }}
{% if false %}{{ raise_exception('stop') }}{% endif %}ok
{{ range(3) | list }} {{ range(1, 4) | list }} {{ range(10, 0, -3) | list }} {{ range(0) | list }} {{ range(5, 2) | list }}
{{ range(1000000) | list | length }}
{{ range(1, 5, 0) | list }}
{{ dict(a=1, b='x') }} {{ dict([('a', 1)]) }} {{ dict({'a': 1}, b=2) }} {{ dict() }}
{{ strftime_now('%Y-%m-%d %H:%M:%S %A %B %d %b %j') }} {{ strftime_now('%d %b %Y') }}
{% if %}{% endif %}
{% if 1 %}
{% endif %}
{% for %}{% endfor %}
{% for x %}{% endfor %}
{% set %}
{% set 1 = 2 %}
{% set none = 2 %}
{% unknown %}
{{ }}
{{ 1 2 }}
{{ (1 }}
{{ [1, 2 }}
{{ 1) }}
{{ 'abc }}
{{ a.b. }}
{{ a..b }}
{{ | upper }}
{{ 1 | }}
{{ 1 + }}
{{ 1 is }}
{{ not }}
{{ 1 if }}
{{ @ }}
{{ a ! b }}
{{ f(a=1, 2) }}
{{ {1} }}
{{ {'a' 1} }}
{{ a[] }}
{{ 1
{% if 1
{# open
{% raw %} open
{% for x in [1] %}{{ x }}{% endif %}
{% else %}
{% endfor %}
{{ 'unbalanced' }} }} %} #}
{ { % } # { single
{{ messages | length }}{{ messages[0]['role'] }}{{ messages[-1].content }}{{ messages[1:][0].role }}{{ bos_token }}{{ eos_token }}{{ tools }}{{ documents is none }}{{ add_generation_prompt }}
{% for message in messages %}{{ message['role'] ~ loop.index0 }}{% if message.tool_calls is defined %}!{% endif %}{% if message.tool_calls %}?{% endif %}{% endfor %}{{ message is defined }}{{ loop is defined }}
{% for x in [[1, [2]], [3, []]] %}{% set y = x[1] %}{% for z in y %}{{ z }}{{ loop.index }}{% else %}-{% endfor %}{% endfor %}
{% set items = [] %}{% for i in range(3) %}{% set items = items + [i] %}{% endfor %}{{ items }}{% set ns = namespace(l=[]) %}{% for i in range(3) %}{% set ns.l = ns.l + [i * i] %}{% endfor %}{{ ns.l }}
{% if messages[0].role == 'system' and messages | length > 1 %}{{ messages[1].role }}{% endif %}{{ 'system' in messages | map(attribute='role') | list }}
""".split("\n")

WHITESPACE = [
    "a\n{% if 1 %}\nb\n{% endif %}\nc\n",
    "a\n   {% if 1 %}  \nb\n\t{% endif %}\nc",
    "a {%- if 1 -%} b {%- endif -%} c",
    "a\n{%- if 1 %}\n  b\n{%- endif %}\n\n\nc",
    "  {{ 1 }}  \n  {{- 2 -}}  \n  {{ 3 }}\n",
    "a\n  {%+ if 1 %}b{%+ endif %}\nc",
    "a\n{% if 1 +%}\nb{% endif +%}\nc",
    "x {# c #}\ny\n  {# c #}\nz {#- c -#} w\n{# c +#}\nv",
    "{# c #}\na\n  {#+ c #}b",
    "a\r\nb\rc\n{% if 1 %}\r\nd{% endif %}\r\n",
    "a\n\n",
    "a\n",
    "\n",
    "",
    "{{ 'a\r\nb' }}",
    "{%- if 1 %}\n\n\nx{% endif -%}\n\n\ny",
    "  {% raw %}\n a {{ b }} \n  {% endraw %}\n c",
    "  {%- raw -%}\n a \n  {%- endraw -%}\n c",
    "{% for x in [1,2] %}\n  {{ x }}\n{% endfor %}\nend",
    "{% for x in [1,2] -%}\n  {{ x }}\n{%- endfor %}\nend",
    "{{ 1 }}\n{{ 2 }}\n\n{{ 3 }}",
    "{%if 1%}a{%endif%}{{1}}{{-1}}{{ -1}}{{+1}}",
    "a{%-if 1-%}b{%-endif-%}c {{-'d'-}} e",
    "  \t{% set x = 1 %}  {% set y = 2 %}\n{{ x }}",
    "a  {% set x = 1 %}\nb",
    "\n\n  {% set x = 1 %}\n\n  {{ x }}",
    "{% set x = 1 %}\n  {% set y = 2 %}\n  {{ y }}",
    "{{ 1 }}  {% if 1 %}  a{% endif %}",
    "{{ 1 }}\n  {% if 1 %}\n  a\n  {% endif %}  b",
    "\u00a0{%- if 1 %}\u3000\n{% endif -%}\u2003x",
    "é\n  {%- if 1 -%}\n  🙂\n  {%- endif -%}\n  é",
    "{% set x -%}\n  a\n{%- endset %}[{{ x }}]",
    "{% macro m() %}\n  a\n{% endmacro %}\n[{{ m() }}]",
    "{% macro m() -%}\n  a\n{%- endmacro -%}\n[{{ m() }}]",
    "{%- set x = {\n  'a': 1,\n  'b': [\n    2\n  ]\n} -%}\n{{ x }}",
    "{{\n  1\n  +\n  2\n}}",
]

CASES = [
    (f"{topic} {i}", source)
    for topic, sources in [
        ("expression", EXPRESSIONS),
        ("filter", FILTERS),
        ("method", METHODS),
        ("statement", STATEMENTS),
        ("whitespace", WHITESPACE),
    ]
    for i, source in enumerate(sources)
]

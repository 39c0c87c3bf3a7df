// What a shared library shows of itself. Everything else is compiled with hidden visibility; the public
// headers put this on their namespace.
#pragma once

#define MSRNN_API [[gnu::visibility("default")]]

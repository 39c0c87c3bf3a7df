// Writes the seeds of the state fuzzer: make_state_seeds FOLDER.
#include <fstream>
#include <string>

#include "state/snapshot.h"
#include "state/state_support.h"

int main(int, char** argv) {
  const std::string folder = argv[1];
  for (const char* policy : {"tova", "h2o", "window+1", "full"}) {
    for (const int tokens : {0, 2, 9}) {
      const char* type = tokens == 9 ? "q8_0" : "f16";
      msrnn::StateData state = msrnn::make_state({.policy = policy, .capacity = 2, .type = type});
      if (tokens == 9) state.pin({0, 1});
      msrnn::feed(state, tokens);
      const auto bytes = msrnn::write_snapshot(state, std::vector<msrnn::Token>{7});
      std::ofstream file(folder + "/" + policy + "-" + std::to_string(tokens), std::ios::binary);
      file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
  }
}

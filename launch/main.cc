#include <string>
#include <vector>

#include "launch/command.h"
#include "launch/lost_file.h"
#include "launch/program.h"
#include "launch/standard_streams.h"

int main(int argc, char** argv) {
  attune::launch::PrepareStandardStreams();
  attune::launch::ReportLostFiles();
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return attune::launch::RunProgram(attune::launch::AllCommands(), arguments);
}

#include <signal.h>
#include <sys/prctl.h>

#include <string>
#include <vector>

#include "launch/command.h"
#include "launch/lost_file.h"
#include "launch/program.h"
#include "launch/standard_streams.h"

int main(int argc, char** argv) {
  // It asks for a checkpoint, and who asks cannot see whether training has begun: too early is no reason to
  // end.
  signal(SIGUSR1, SIG_IGN);
  // Processes that attune starts are executed under a name that says nothing.
  prctl(PR_SET_NAME, "attune");
  attune::launch::PrepareStandardStreams();
  attune::launch::ReportLostFiles();
  signal(SIGUSR2, SIG_IGN);  // asks a job where it is, as soon as it can say so
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return attune::launch::RunProgram(attune::launch::AllCommands(), arguments);
}

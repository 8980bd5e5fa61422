// How the figures of several processes are shown.
#ifndef TRIVET_BINDINGS_CLI_DEMO_FLEET_REPORT_H_
#define TRIVET_BINDINGS_CLI_DEMO_FLEET_REPORT_H_

#include <ostream>

#include "bindings/cli/demo_fleet.h"
#include "bindings/cli/json_text.h"

namespace trivet::cli {

Json DescribeFleet(const FleetOptions& options, const FleetFigures& figures);
void PrintFleet(const FleetOptions& options, const FleetFigures& figures, std::ostream& out);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_DEMO_FLEET_REPORT_H_

// Package connections compares what the program makes of NetworkPolicies with what a
// second implementation does: the matcher of cyclonus, a fuzzer of network plugins. It is
// a module of its own, as cyclonus pins older versions of what everybody uses.
package connections

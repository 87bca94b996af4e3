// Package meshconfig checks Istio's mesh configuration against its schema.
//
//	accesLogFile: /dev/stdout
//	defaultConfig:
//	  concurrency: two
//
// gives
//
//	accesLogFile: no field of MeshConfig; did you mean "accessLogFile"?
//	defaultConfig.concurrency: found "two"; must be a number
//
// istiod itself ignores the first mistake without a message. For the second it
// logs an error at run time, and uses nothing of the configuration.
//
// The fields are those of the Istio release whose charts are embedded.
package meshconfig

//go:generate go run ./generate

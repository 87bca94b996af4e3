// Package module finds versions of Istio's Go module, istio.io/istio, and moves
// go.mod from one to another.
//
// Istio tags its releases without the v that Go expects, so that to Go a
// release is a pseudo-version: 1.31.0 is v0.0.0-<time of its commit>-<commit>.
// A module proxy that fetches from GitHub knows which; others know what
// somebody has asked for before.
package module

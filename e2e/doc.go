// Package e2e proves the claims of this repository's pages on a real API
// server and real istiods. Each test is one claim:
//
//	go test -count=1 -timeout 60m -v .                        # all, with a summary
//	go test -count=1 -timeout 60m -v -run TestOffboarding .   # one
//
// The first run builds the servers (package servers), once. Everything applied
// is what the kustomize CLI printed from the shipped overlays. Logs of the last
// run are in .logs/CLUSTER/. Linux only, as root or where users may create user
// namespaces (package cluster says why).
package e2e

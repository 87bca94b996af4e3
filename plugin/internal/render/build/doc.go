// Package build builds one overlay with kustomize's own build command, in a
// process of its own: kustomize keeps state between builds and is not safe
// across goroutines, and what kustomize prints and how it fails stay with the
// overlay that it is about. This program's function runs in the same process: the
// one that kustomize starts for it hands its input over; see package relay.
//
// Beside the YAML it says what was read, so that a caller knows when to build
// again:
//
//	request   dir: overlays/sales   replace: {tenant.yaml: "..."}
//	result    yaml: "..."           inputs: [{kustomization.yaml, 5e88…}, {../../bases/…, 1d3f…}]
package build

// Package build builds one overlay with kustomize's own build command, in a
// process of its own: kustomize keeps state between builds and is not safe
// across goroutines, and its output and its errors can be attributed to the
// overlay. This program's function runs in the same process: the process that
// kustomize starts for the function passes its input on; see package relay.
//
// The result has the YAML, and the files that were read, so that a caller knows when
// to build again:
//
//	request   dir: overlays/sales   replace: {tenant.yaml: "..."}
//	result    yaml: "..."           inputs: [{kustomization.yaml, 5e88…}, {../../bases/…, 1d3f…}]
package build

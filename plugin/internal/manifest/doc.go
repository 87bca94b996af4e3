// Package manifest reads Kubernetes objects from the YAML and JSON that Istio's
// releases, charts and kubectl have produced over the years, and writes them.
//
// Documents that are empty or hold only comments are skipped, Lists are opened,
// anchors, aliases and merge keys are written out. What no API server would
// accept is an error that names file and line, and all errors are reported at
// once.
//
// Upstream files repeat mapping keys, which strict readers refuse:
//
//	apiVersion: v1                    # Istio 0.7.1, Deployment istio-ca
//	kind: Deployment
//	apiVersion: extensions/v1beta1
//
// The kubectl of the time decoded a mapping into a Go map, so the last value
// won, and that is what every cluster ever ran. It is therefore the one meaning
// of such a file, whatever its author had in mind (two ports, say, where
// containerPort is repeated). [Read] keeps the last value in the place of the
// first, and reports it:
//
//	istio.yaml:1659: Deployment istio-system/istio-ca: apiVersion is given twice; ...
//
// One kind of repetition is no repetition: kind, metadata or a name that comes
// twice with different values means that a "---" between two objects is
// missing. Keeping the last would lose an object, so that is an error.
package manifest

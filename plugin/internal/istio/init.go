package istio

// InitContainer is what the injector puts before the containers of a Pod: it
// redirects the Pod's traffic to the proxy. InitCapabilities are what it needs,
// and what is in the injector's templates where it is.
const InitContainer = "istio-init"

// CheckContainer is what the injector puts there instead, if Istio's CNI agent redirects the
// traffic: it checks that.
const CheckContainer = "istio-validation"

// InitCapabilities are those of InitContainer.
var InitCapabilities = []string{"NET_ADMIN", "NET_RAW"}

// AgentValues are the charts' values which say that Istio's CNI agent replaces
// InitContainer: the one since 1.2, and its later name. The templates that ask for a
// value name it. Source: files/injection-template.yaml of the chart istio-discovery.
var AgentValues = [][]string{{"istio_cni", "enabled"}, {"pilot", "cni", "enabled"}}

package istio

// Kubeconfig is the file by which a program is told of the API server that it
// asks, in the place of the one that started its Pod.
type Kubeconfig struct {
	// Variable holds the file's path.
	Variable string
	// Arguments name another file, and go before Variable.
	Arguments []string
	// Directory and File are where the charts have it: a volume of the Pod, called
	// Volume, with an optional Secret.
	Directory, File string
	Volume, Secret  string
}

// Path is the file's.
func (k Kubeconfig) Path() string { return k.Directory + "/" + k.File }

// istiodKubeconfig has these sources in istio/istio: the chart istio-discovery,
// which has the variable and the volume in 1.10 to 1.31 (older ones get both), and
// pkg/kube/util.go, by which the argument goes before the variable, and the
// variable before the API server of the Pod's cluster. Where the file is missing,
// istiod asks the latter at cluster scope, which RBAC refuses, so that it is never
// ready.
var istiodKubeconfig = Kubeconfig{
	Variable: "KUBECONFIG", Arguments: []string{"--kubeconfig"},
	Directory: "/var/run/secrets/remote", File: "config",
	Volume: "istio-kubeconfig", Secret: "istio-kubeconfig",
}

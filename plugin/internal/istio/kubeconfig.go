package istio

// Kubeconfig is the file that tells a program which API server to use, instead of the
// one that started its Pod.
type Kubeconfig struct {
	// Variable holds the file's path, or the value of Argument does; "" means that
	// there is none.
	Variable, Argument string
	// Arguments name another file, and take precedence over Variable.
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
	Directory: kubeconfigDirectory, File: kubeconfigFile,
	Volume: "istio-kubeconfig", Secret: "istio-kubeconfig",
}

// What the charts of istiod have is where older programs get it, too.
const kubeconfigDirectory, kubeconfigFile = "/var/run/secrets/remote", "config"

// pilotKubeconfig has these sources in istio/istio: pilot/cmd/pilot-discovery, up
// to 1.5, whose argument holds for services and for configuration, while the
// variable holds for services only (pilot/pkg/serviceregistry/kube/client.go and
// pilot/pkg/config/kube/crd/client.go of 0.7). Without the file, Pilot ends.
var pilotKubeconfig = Kubeconfig{
	Argument: "--kubeconfig", Directory: kubeconfigDirectory, File: kubeconfigFile, Volume: "istio-kubeconfig",
}

// mixerKubeconfig has these sources in istio/istio at 0.7 and 1.7:
// mixer/pkg/config/crd/init.go, by which the path in --configStoreURL is that of a
// kubeconfig, and mixer/adapter/kubernetesenv, whose variable goes before the
// kubeconfig_path of its own configuration.
var mixerKubeconfig = Kubeconfig{
	Variable: "KUBECONFIG", Directory: kubeconfigDirectory, File: kubeconfigFile, Volume: "istio-kubeconfig",
}

// NativeSidecars are the versions of Istio that run on Kubernetes with native
// sidecars by default (1.29). Those before read Ingresses and webhook configurations of
// v1beta1, which Kubernetes 1.22 and later do not serve: istiod 1.7 on Kubernetes
// 1.36 is ready with the mesh's ingressControllerMode OFF only.
var NativeSidecars = Range{Since: "1.11"}

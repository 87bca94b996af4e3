package servers

// Family is one Go module and commands that are built from it.
type Family struct {
	// Name is what Build is asked for.
	Name string
	// Dir holds go.mod and go.sum, below this package's folder.
	Dir string
	// Packages are import paths; a binary is called Names[i].
	Packages []string
	Names    []string
	// LDFlags are linker flags beside "-s -w", Tags build tags, with commas.
	LDFlags, Tags string
	// Files are folders of modules that the family requires, MODULE//FOLDER by
	// the name of the copy.
	Files map[string]string
}

// kubernetesVersion is what the release's own build sets; without it the servers
// call themselves v0.0.0.
const kubernetesVersion = "-X k8s.io/component-base/version.gitVersion=v1.36.1" +
	" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"

const istioVersion = "-X istio.io/istio/pkg/version.buildVersion=1.31.0"

// families lists what Build builds, in the order in which it does.
var families = []Family{
	{
		Name:     "etcd",
		Dir:      "etcd",
		Packages: []string{"go.etcd.io/etcd/server/v3"},
		Names:    []string{"etcd"},
	},
	{
		Name: "kubernetes",
		Dir:  "kubernetes",
		Packages: []string{
			"k8s.io/kubernetes/cmd/kube-apiserver",
			"k8s.io/kubernetes/cmd/kube-controller-manager",
			"k8s.io/kubernetes/cmd/kubectl",
		},
		Names:   []string{"kube-apiserver", "kube-controller-manager", "kubectl"},
		LDFlags: kubernetesVersion,
	},
	{
		Name: "node",
		Dir:  "kubernetes",
		Packages: []string{
			"k8s.io/kubernetes/cmd/kubelet",
			"k8s.io/kubernetes/cmd/kube-proxy",
			"k8s.io/kubernetes/cmd/kube-scheduler",
		},
		Names:   []string{"kubelet", "kube-proxy", "kube-scheduler"},
		LDFlags: kubernetesVersion,
	},
	{
		Name:     "network",
		Dir:      "network",
		Packages: []string{"./coredns", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"},
		Names:    []string{"coredns", "kube-router"},
	},
	{
		Name:     "istio",
		Dir:      "istio",
		Packages: []string{"istio.io/istio/pilot/cmd/pilot-discovery"},
		Names:    []string{"pilot-discovery"},
		LDFlags:  istioVersion,
		Files:    map[string]string{"gateway-api": "sigs.k8s.io/gateway-api//config/crd/standard"},
	},
	{
		Name:     "istio-1.30",
		Dir:      "istio-1.30",
		Packages: []string{"istio.io/istio/pilot/cmd/pilot-discovery"},
		Names:    []string{"pilot-discovery-1.30"},
		LDFlags:  "-X istio.io/istio/pkg/version.buildVersion=1.30.0",
	},
	{
		Name:     "agent",
		Dir:      "istio",
		Packages: []string{"istio.io/istio/pilot/cmd/pilot-agent"},
		Names:    []string{"pilot-agent"},
		LDFlags:  istioVersion,
	},
	{
		Name:     "prometheus",
		Dir:      "prometheus",
		Packages: []string{"github.com/prometheus/prometheus/cmd/prometheus"},
		Names:    []string{"prometheus"},
		Tags:     "remove_all_sd,enable_kubernetes_sd", // without the SDKs of clouds
	},
	{
		Name:     "istioctl",
		Dir:      "istioctl",
		Packages: []string{"istio.io/istio/istioctl/cmd/istioctl"},
		Names:    []string{"istioctl"},
		LDFlags:  istioVersion,
	},
	{
		Name:     "flux",
		Dir:      "flux",
		Packages: []string{"github.com/fluxcd/source-controller", "github.com/fluxcd/kustomize-controller"},
		Names:    []string{"source-controller", "kustomize-controller"},
		Files: map[string]string{
			"source-controller-config":    "github.com/fluxcd/source-controller//config",
			"kustomize-controller-config": "github.com/fluxcd/kustomize-controller//config",
		},
	},
	{
		Name:     "argocd",
		Dir:      "argocd",
		Packages: []string{"./argocd", "sigs.k8s.io/kustomize/kustomize/v5"},
		Names:    []string{"argocd", "argocd-kustomize"},
		// Argo CD copies itself into images that have no libraries. Packages that are
		// compiled without cgo for it would be compiled twice.
		LDFlags: "-linkmode external -extldflags -static",
		Files: map[string]string{
			"argocd-manifests": "github.com/argoproj/argo-cd/v3//manifests",
			"argocd-scripts":   "github.com/argoproj/argo-cd/v3//hack",
		},
	},
	{
		Name: "crds",
		Dir:  "crds",
		Files: map[string]string{
			"argo-cd":                         "github.com/argoproj/argo-cd/v3//manifests/crds",
			"argo-cd-manifests":               "github.com/argoproj/argo-cd/v3//manifests",
			"argo-rollouts":                   "github.com/argoproj/argo-rollouts//manifests/crds",
			"flux-artifacts":                  "github.com/fluxcd/source-watcher/v2//config/crd/bases",
			"flux-helm":                       "github.com/fluxcd/helm-controller//config/crd/bases",
			"flux-images":                     "github.com/fluxcd/image-reflector-controller//config/crd/bases",
			"flux-kinds":                      "github.com/fluxcd/kustomize-controller//config/crd/bases",
			"flux-manifests":                  "github.com/fluxcd/flux2/v2//manifests",
			"flux-manager":                    "github.com/fluxcd/kustomize-controller//config/manager",
			"flux-notifications":              "github.com/fluxcd/notification-controller//config/crd/bases",
			"flux-roles":                      "github.com/fluxcd/flux2/v2//manifests/rbac",
			"flux-sources":                    "github.com/fluxcd/source-controller//config/crd/bases",
			"network-policy-api":              "sigs.k8s.io/network-policy-api//config/crd/standard",
			"network-policy-api-experimental": "sigs.k8s.io/network-policy-api//config/crd/experimental",
		},
	},
}

package istio

import "slices"

// pilot is the control plane up to 1.5, beside which the programs in the other
// files of that time run. Sources: istio/istio at 0.7.1, 0.8.0 and 1.4.10:
// install/kubernetes, pilot/cmd/pilot-discovery, pilot/pkg/bootstrap and
// pilot/pkg/config/kube/crd; pilot/pkg/model/config.go of 1.0.9 and
// pkg/config/schemas/schemas.gen.go of 1.4.10 for its kinds without a namespace.
var pilot = Component{
	Name:       "Pilot",
	Range:      Range{Before: RevisionsSince},
	Images:     []string{"pilot"},
	Containers: []string{"discovery"},
	Discovery:  true,
	Kubeconfig: &pilotKubeconfig,
	Arguments: []Argument{
		{
			Name: "--appNamespace", Short: "-a", Apart: true, Value: "{application}",
			Modes: listing, Elsewhere: "Pilot would watch this namespace alone",
			Why: "Pilot lists Services, Endpoints, Pods, Ingresses and configuration of this namespace only",
		},
		{
			Range: Range{Since: "1.1", Before: "1.6"}, Name: "--disable-install-crds", Switch: true, Value: "true",
			Why: "the common base has the kinds; up to 1.0 Pilot creates those that are missing, and stops where it may not try",
		},
		{
			Range: Range{Since: "0.8", Before: "1.0"}, Name: "--clusterRegistriesNamespace", Apart: true, Value: "{controlPlane}",
			Why: "the default is istio-system, whose Secrets may be another tenant's; from 1.0 on it is POD_NAMESPACE",
		},
	},
	Variables: []Variable{ingressNamespace},
	Mesh: []Setting{
		{
			Name: "rootNamespace", Value: "{controlPlane}", Range: Range{Since: "1.1"}, Owner: "spec.controlPlane.namespace",
			Why: "where what holds for the whole mesh is",
		},
		{
			Name: "configSources", Remove: true,
			Why: "Galley would serve Pilot the whole cluster's configuration; without it, Pilot reads what --appNamespace lets it",
		},
		{Name: "ingressControllerMode", Value: "STRICT", Keeps: []string{"OFF"}, Why: "only Ingresses that name the class"},
		{
			Name: "ingressClass", Value: IngressClass, Owner: "metadata.name", Usual: []string{DefaultIngressClass},
			Why: "two tenants' Pilots would both serve an Ingress of one class",
		},
	},
	Rights: slices.Concat([]Right{
		{
			Groups: []string{"apiextensions.k8s.io"}, Resources: []string{"customresourcedefinitions"}, Range: Range{Before: "1.1"},
			Read: Cluster, Write: ClusterException, Verbs: []string{"create"},
			Why: "Pilot creates its kinds when it starts and stops where it may not try, although the common base has them",
		},
		{
			Groups: []string{"extensions"}, Resources: []string{"thirdpartyresources", "thirdpartyresources.extensions"},
			Read: None, Write: None, Why: "gone since Kubernetes 1.8",
		},
		{
			Groups: []string{"extensions"}, Resources: []string{"ingresses"},
			Read: Watched, Write: None, Why: "Ingresses of the tenant's class",
		},
		{
			Groups: []string{""}, Resources: []string{"pods", "services"},
			Read: TenantNamespaces, Write: None, Why: "discovery; the address of its own ingress, for the status of Ingresses",
		},
		{
			Groups: []string{""}, Resources: []string{"configmaps"},
			Read: ControlPlaneNamespace, Write: ControlPlaneNamespace, Why: "which Pilot writes the status of Ingresses",
		},
		{
			Groups: []string{""}, Resources: []string{"secrets"},
			Read: ControlPlaneNamespace, Write: None, Why: "other clusters of the mesh; certificates are the CA's",
		},
		{
			Groups: []string{"rbac.istio.io"}, Resources: []string{"rbacconfigs"}, Range: Range{Since: "1.0", Before: "1.1"},
			Read: ListedException, Write: None,
			Why: "Pilot 1.0 lists RbacConfigs in the whole cluster, takes the one called default wherever it is, " +
				"and is never ready where it may not",
		},
		{
			Groups: []string{"networking.istio.io"}, Resources: []string{"syntheticserviceentries"}, Range: Range{Since: "1.4", Before: "1.5"},
			Read: Cluster, Write: None, Why: "Pilot 1.4 lists this kind, which has no namespace and no objects, before it is ready",
		},
	}, istiodRights),
	Ports: []Port{
		{Name: PortMonitoring, Number: 9093, Range: Range{Before: "1.1"}},
		{Name: PortMonitoring, Number: 15014, Range: Range{Since: "1.1"}},
	},
}

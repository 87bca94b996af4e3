package oracle

import (
	"path"
	"slices"
)

// Explanation is why a field may differ from what Istio renders.
type Explanation struct {
	Versions []string
	// Kind, Name and Path are patterns of package path, of which * stops at no dot.
	Kind, Name, Path string
	Reason           string
}

// istiod are the versions whose control plane is one program.
var istiod = Versions[slices.Index(Versions, "1.10.6"):]

// Explained are all the differences that relocating and revising istio.yaml
// leaves.
var Explained = []Explanation{
	{istiod, "Deployment", "istio-ingressgateway", "spec.template.metadata.labels.*",
		"the charts label these pods heritage, release and chart in istio-system only, for upgrades from 1.4"},
	{istiod, "ValidatingWebhookConfiguration", "istiod-*", "webhooks.*.clientConfig.service.name",
		"upstream bug: the base chart knows no revision, so its validator calls a Service that is not there"},
	{[]string{"0.7.1", "0.8.0", "1.4.10"}, "MutatingWebhookConfiguration", "istio-sidecar-injector", "metadata.name",
		"upstream bug: the second installation's webhook overwrites the first one's"},
	{[]string{"0.8.0", "1.4.10"}, "Deployment", "istio-sidecar-injector", "spec.template.spec.containers.0.args.*",
		"the injector is told the name of its webhook"},
	{[]string{"0.7.1"}, "ClusterRole*", "prometheus", "*",
		"upstream bug: the second installation's role and binding overwrite the first one's"},
	{[]string{"1.4.10"}, "ClusterRole*", "istio-*", "*",
		"upstream bug: the second installation's istio-reader and istio-multi overwrite the first one's"},
}

// Explains says whether e is about a version's difference.
func (e Explanation) Explains(version string, d Difference) bool {
	return slices.Contains(e.Versions, version) &&
		matches(e.Kind, d.Object.Kind) && matches(e.Name, d.Object.Name) && d.Path != "" && matches(e.Path, d.Path)
}

// Unexplained are the differences that no row of Explained is about.
func Unexplained(version string, differences []Difference) []Difference {
	return slices.DeleteFunc(slices.Clone(differences), func(d Difference) bool {
		return slices.ContainsFunc(Explained, func(e Explanation) bool { return e.Explains(version, d) })
	})
}

func matches(pattern, s string) bool {
	ok, err := path.Match(pattern, s)
	return err == nil && ok
}

package upstream

import (
	"io/fs"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
)

// installation is one that a manifest is rendered for.
type installation struct{ file, namespace, revision string }

// installations are what the oracle compares.
var installations = []installation{
	{"istio.yaml", oracle.From, ""},
	{oracle.To + ".yaml", oracle.To, ""},
	{oracle.To + "-" + oracle.Revision + ".yaml", oracle.To, oracle.Revision},
}

// charts renders the charts of the time of istiod, for a version of Kubernetes.
func charts(tag, kube string) func(fs.FS) (map[string]string, error) {
	return func(module fs.FS) (map[string]string, error) {
		files := map[string]string{}
		for _, as := range installations {
			values := func(revision string) map[string]any {
				v := map[string]any{"global": map[string]any{"istioNamespace": as.namespace, "hub": release.Hub, "tag": tag}}
				if revision != "" {
					v["revision"] = revision
				}
				return v
			}
			for _, c := range []release.Chart{
				// What is common to all revisions has none.
				{Dir: "base", Release: "istio-base", Values: values("")},
				{Dir: "istio-control/istio-discovery", Release: "istiod", Values: values(as.revision)},
				{Dir: "gateways/istio-ingress", Release: "istio-ingress", Values: values(as.revision)},
			} {
				c.FS, c.Dir, c.Namespace, c.Kube = module, "manifests/charts/"+c.Dir, as.namespace, kube
				text, err := c.Text()
				if err != nil {
					return nil, err
				}
				files[as.file] += text
			}
		}
		return files, nil
	}
}

// oneChart renders the chart that Istio was from 0.8 to 1.4, with its default
// images.
func oneChart(module fs.FS) (map[string]string, error) {
	files := map[string]string{}
	for _, as := range installations {
		if as.revision != "" {
			continue
		}
		text, err := release.Chart{
			FS: module, Dir: "install/kubernetes/helm/istio", Release: "istio", Namespace: as.namespace,
		}.Text()
		if err != nil {
			return nil, err
		}
		files[as.file] = text
	}
	return files, nil
}

// templates fills in the templates that Istio 0.x was installed from, as its
// install/updateVersion.sh does with "-a docker.io/istio,TAG -D true", and puts
// the injector and the addons behind them.
func templates(tag string) func(fs.FS) (map[string]string, error) {
	return func(module fs.FS) (map[string]string, error) {
		files := map[string]string{}
		for _, as := range installations {
			if as.revision != "" {
				continue
			}
			fill := []string{"{ISTIO_NAMESPACE}", as.namespace, "{PROXY_IMAGE}", "proxy_debug"}
			for _, program := range []string{"CA", "MIXER", "PILOT", "PROXY"} {
				fill = append(fill, "{"+program+"_HUB}", release.Hub, "{"+program+"_TAG}", tag)
			}
			var all strings.Builder
			for _, name := range []string{
				"istio-ns", "istio-rbac-beta", "istio-mixer", "istio-config", "istio-pilot", "istio-ingress", "istio-ca",
				"istio-sidecar-injector", "istio-sidecar-injector-configmap-release",
				"addons/prometheus", "addons/grafana", "addons/servicegraph",
			} {
				text, err := fs.ReadFile(module, "install/kubernetes/templates/"+name+".yaml.tmpl")
				if err != nil {
					return nil, err
				}
				all.WriteString("---\n" + strings.NewReplacer(fill...).Replace(string(text)) + "\n")
			}
			files[as.file] = all.String()
		}
		return files, nil
	}
}

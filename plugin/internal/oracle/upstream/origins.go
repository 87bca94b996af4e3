package upstream

import (
	"io/fs"
	"path"
)

// Origin is where the manifests of a version come from.
type Origin struct {
	// Name is the directory of the manifests: a version, or samples of one.
	Name string
	// Module is the version of istio.io/istio, as Go calls it: the time of the
	// commit that Istio tagged, and the commit.
	Module string
	// make makes the files by their names, of the module's files.
	make func(module fs.FS) (map[string]string, error)
}

// Origins are all that the tests use, the oldest first. Not every module proxy
// has every one: some proxies know what somebody has asked for before.
var Origins = []Origin{
	{"0.7.1", "v0.0.0-20180329230835-62110d4f0373", templates("0.7.1")},
	{"samples-0.7.1", "v0.0.0-20180329230835-62110d4f0373", samples(map[string]string{
		"bookinfo/bookinfo.yaml":                 "samples/bookinfo/kube/bookinfo.yaml",
		"bookinfo/route-rule-all-v1.yaml":        "samples/bookinfo/kube/route-rule-all-v1.yaml",
		"bookinfo/route-rule-reviews-v2-v3.yaml": "samples/bookinfo/kube/route-rule-reviews-v2-v3.yaml",
	})},
	{"0.8.0", "v0.0.0-20180531203203-6f9f420f0c71", oneChart},
	{"1.4.10", "v0.0.0-20200616221425-cf35a864ff65", oneChart},
	{"1.10.6", "v0.0.0-20211124180606-fd053c6165d2", charts("1.10.6", "")},
	// Its charts ask which Kubernetes there is. For a new one they write other
	// versions of two kinds.
	{"1.20.8", "v0.0.0-20240626080458-8e297d015674", charts("1.20.8", "v1.20.0")},
	{"1.24.6", "v0.0.0-20250509145746-734e100e0cfb", charts("1.24.6", "")},
	{"1.30", "v0.0.0-20260826214018-9739e10eb9d7", charts("1.30.0", "")}, // of its release branch
	{"1.31.0-rc.0", "v0.0.0-20260819073432-423f108b5459", charts("1.31.0", "")},
	{"1.31.0", "v0.0.0-20260827124520-eed52ebb66ad", charts("1.31.0", "")},
	{"samples-1.31", "v0.0.0-20260827124520-eed52ebb66ad", samples(map[string]string{
		"addons/grafana.yaml":                  "samples/addons/grafana.yaml",
		"addons/kiali.yaml":                    "samples/addons/kiali.yaml",
		"addons/prometheus.yaml":               "samples/addons/prometheus.yaml",
		"bookinfo/bookinfo.yaml":               "samples/bookinfo/platform/kube/bookinfo.yaml",
		"bookinfo/bookinfo-gateway.yaml":       "samples/bookinfo/networking/bookinfo-gateway.yaml",
		"bookinfo/destination-rule-all.yaml":   "samples/bookinfo/networking/destination-rule-all.yaml",
		"bookinfo/virtual-service-all-v1.yaml": "samples/bookinfo/networking/virtual-service-all-v1.yaml",
	})},
}

// Make makes the files, by their names below the origin's, of the module's
// files.
func (o Origin) Make(module fs.FS) (map[string]string, error) { return o.make(module) }

// samples are files of Istio's, as they are.
func samples(from map[string]string) func(fs.FS) (map[string]string, error) {
	return func(module fs.FS) (map[string]string, error) {
		files := map[string]string{}
		for name, source := range from {
			text, err := fs.ReadFile(module, path.Clean(source))
			if err != nil {
				return nil, err
			}
			files[name] = string(text)
		}
		return files, nil
	}
}

package istio

// jaeger is the addon that keeps traces. Proxies send them, Kiali and Grafana ask
// for them, and it asks nobody. Source: samples/addons of istio/istio 1.31.
var jaeger = Component{
	Name:       "Jaeger",
	Images:     []string{"jaeger", "all-in-one"},
	Containers: []string{"jaeger"},
	Accounts:   []string{"jaeger"},
	Addon:      true,
}

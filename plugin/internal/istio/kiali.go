package istio

// kiali is the console of current Istio's addons.
var kiali = Component{
	Name:      "Kiali",
	BareNames: []BareName{{Kinds: rbacOfCluster, Pattern: "kiali", InFront: true}},
}

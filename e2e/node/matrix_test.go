package node_test

import "slices"

// The table of who reaches what, which is both what the tests of this file's
// neighbours ask and what docs/network.md shows.

// columns are who connects. A Pod is found by its namespace and a label; the last
// two are no Pods.
var columns = []struct{ name, namespace, label string }{
	{"dev: ns-0", "ns-0", "app=app"},
	{"dev: istiod", "istio-system", "app=istiod"},
	{"sales: ns-1", "ns-1", "app=app"},
	{"sales: istiod", "istio-system1", "app=istiod"},
	{"fin: ns-5", "ns-5", "app=app"},
	{"fin: ns-6", "ns-6", "app=app"},
	{"fin: istiod", "istio-system4", "app=istiod"},
	{"monitoring", "monitoring", "app=app"},
	{"others", "others", "app=app"},
	{name: itself},
	{name: outside},
}

const (
	itself  = "the node"
	outside = "outside"
)

// who are names of columns; whoever else connects is refused.
type who []string

// A node reaches the Pods that it runs whatever the policies say: Kubernetes wants
// it, since the kubelet probes them.
var (
	dev   = who{"dev: ns-0", "dev: istiod", itself}
	sales = who{"sales: ns-1", "sales: istiod", itself}
	fin   = who{"fin: ns-5", "fin: ns-6", "fin: istiod", itself}
	// sales has the namespace monitoring in allowFrom.
	salesAndMonitoring = append(slices.Clone(sales), "monitoring")

	everybody = func() (all who) {
		for _, c := range columns {
			all = append(all, c.name)
		}
		return all
	}()
)

// by is how a row is called.
type by string

const (
	pod      by = "its Pod"
	service  by = "Service"
	nodePort by = "NodePort"
)

// row is one line of the table.
type row struct {
	to        string
	namespace string
	name      string // a label of the Pod, or the name of the Service
	by        by
	port      int // of the Pod or of the Service
	from      who
}

// rows has no port on which nothing listens: what is refused there, is refused by
// the policies. See closedPorts for the others.
var rows = []row{
	{"dev: an application", "ns-0", "app=app", pod, 8080, dev},
	{"dev: an application", "ns-0", "app=app", pod, 9090, dev},
	{"dev: an application", "ns-0", "app", service, 80, dev},
	{"dev: an application", "ns-0", "app", nodePort, 80, dev},
	{"dev: istiod, debugging", "istio-system", "app=istiod", pod, 8080, dev},
	{"dev: istiod, xDS", "istio-system", "app=istiod", pod, 15012, dev},
	{"dev: istiod, metrics", "istio-system", "app=istiod", pod, 15014, dev},
	{"dev: istiod, webhooks", "istio-system", "app=istiod", pod, 15017, everybody},
	{"dev: istiod, xDS", "istio-system", "istiod-dev", service, 15012, dev},
	{"dev: istiod, metrics", "istio-system", "istiod-dev", service, 15014, dev},
	{"dev: istiod, webhooks", "istio-system", "istiod-dev", service, 443, everybody},
	{"dev: gateway of the chart", "ns-0", "app=istio-ingressgateway", pod, 80, everybody},
	{"dev: gateway of the chart", "ns-0", "app=istio-ingressgateway", pod, 443, everybody},
	{"dev: gateway of the chart, status", "ns-0", "app=istio-ingressgateway", pod, 15021, everybody},
	{"dev: gateway of the chart, no port of its Service", "ns-0", "app=istio-ingressgateway", pod, 8080, dev},
	{"dev: gateway of the chart, metrics", "ns-0", "app=istio-ingressgateway", pod, 15020, dev},
	{"dev: gateway of the chart, Envoy's metrics", "ns-0", "app=istio-ingressgateway", pod, 15090, dev},
	{"dev: gateway of the chart", "ns-0", "istio-ingressgateway", service, 80, everybody},
	{"dev: gateway of the chart", "ns-0", "istio-ingressgateway", service, 443, everybody},
	{"dev: gateway of the chart", "ns-0", "istio-ingressgateway", nodePort, 80, everybody},
	{"dev: gateway of the chart", "ns-0", "istio-ingressgateway", nodePort, 443, everybody},

	{"sales: an application", "ns-1", "app=app", pod, 8080, salesAndMonitoring},
	{"sales: an application", "ns-1", "app=app", pod, 9090, salesAndMonitoring},
	{"sales: an application", "ns-1", "app", service, 80, salesAndMonitoring},
	{"sales: an application", "ns-1", "app", nodePort, 80, salesAndMonitoring},
	{"sales: istiod, debugging", "istio-system1", "app=istiod", pod, 8080, sales},
	{"sales: istiod, xDS", "istio-system1", "app=istiod", pod, 15012, sales},
	{"sales: istiod, metrics", "istio-system1", "app=istiod", pod, 15014, salesAndMonitoring},
	{"sales: istiod, webhooks", "istio-system1", "app=istiod", pod, 15017, everybody},
	{"sales: istiod, xDS", "istio-system1", "istiod-sales", service, 15012, sales},
	{"sales: istiod, metrics", "istio-system1", "istiod-sales", service, 15014, salesAndMonitoring},
	{"sales: istiod, webhooks", "istio-system1", "istiod-sales", service, 443, everybody},
	{"sales: injected gateway", "ns-1", "app=ingress", pod, 8443, everybody},
	{"sales: injected gateway, status", "ns-1", "app=ingress", pod, 15021, salesAndMonitoring},
	{"sales: injected gateway, no port of its Service", "ns-1", "app=ingress", pod, 8080, salesAndMonitoring},
	{"sales: injected gateway, Envoy's metrics", "ns-1", "app=ingress", pod, 15090, salesAndMonitoring},
	{"sales: injected gateway", "ns-1", "ingress", service, 443, everybody},
	{"sales: injected gateway", "ns-1", "ingress", nodePort, 443, everybody},
	{"sales: Prometheus", "ns-1", "prometheus", service, 9090, salesAndMonitoring},
	{"sales: Grafana", "ns-1", "grafana", service, 3000, salesAndMonitoring},
	{"sales: Kiali", "ns-1", "kiali", service, 20001, salesAndMonitoring},
	{"sales: Jaeger, to look at traces", "ns-1", "tracing", service, 80, salesAndMonitoring},
	{"sales: Jaeger, to send traces", "ns-1", "jaeger-collector", service, 4317, salesAndMonitoring},

	{"fin: an application", "ns-5", "app=app", pod, 8080, fin},
	{"fin: an application", "ns-5", "app=app", pod, 9090, fin},
	{"fin: an application of ns-6", "ns-6", "app=app", pod, 8080, fin},
	{"fin: an application of ns-6", "ns-6", "app=app", pod, 9090, fin},
	{"fin: istiod, debugging", "istio-system4", "app=istiod", pod, 8080, fin},
	{"fin: istiod, xDS", "istio-system4", "app=istiod", pod, 15012, fin},
	{"fin: istiod, metrics", "istio-system4", "app=istiod", pod, 15014, fin},
	{"fin: istiod, webhooks", "istio-system4", "app=istiod", pod, 15017, everybody},
	{"fin: istiod, the API proxy's metrics", "istio-system4", "app=istiod", pod, 15094, fin},
	{"fin: istiod, xDS", "istio-system4", "istiod-fin", service, 15012, fin},
	{"fin: istiod, metrics", "istio-system4", "istiod-fin", service, 15014, fin},
	{"fin: istiod, webhooks", "istio-system4", "istiod-fin", service, 443, everybody},
	{"fin: gateway that istiod deployed", "ns-5", deployed, pod, 80, everybody},
	{"fin: gateway that istiod deployed, not in the Gateway", "ns-5", deployed, pod, 8080, everybody},
	{"fin: gateway that istiod deployed, status", "ns-5", deployed, pod, 15021, everybody},
	{"fin: gateway that istiod deployed, metrics", "ns-5", deployed, pod, 15020, fin},
	{"fin: gateway that istiod deployed, Envoy's metrics", "ns-5", deployed, pod, 15090, fin},
	{"fin: gateway that istiod deployed", "ns-5", "web-istio-fin", service, 80, everybody},
	{"fin: gateway that istiod deployed", "ns-5", "web-istio-fin", nodePort, 80, everybody},
	{"fin: waypoint", "ns-5", waypoint, pod, 15008, fin},
	{"fin: waypoint, status", "ns-5", waypoint, pod, 15021, fin},
	{"fin: Prometheus", "ns-5", "prometheus", service, 9090, fin},
	{"fin: Grafana", "ns-5", "grafana", service, 3000, fin},
	{"fin: Kiali", "ns-5", "kiali", service, 20001, fin},
	{"fin: Jaeger, to look at traces", "ns-5", "tracing", service, 80, fin},
	{"fin: Jaeger, to send traces", "ns-5", "jaeger-collector", service, 4317, fin},
}

const (
	deployed = "gateway.networking.k8s.io/gateway-name=web"
	waypoint = "gateway.networking.k8s.io/gateway-name=waypoint"
)

// closedPorts are those that programs open on their Pod's loopback alone, so that
// no policy is needed.
var closedPorts = []row{
	{"dev: istiod, plaintext xDS", "istio-system", "app=istiod", pod, 15010, nil},
	{"sales: istiod, plaintext xDS", "istio-system1", "app=istiod", pod, 15010, nil},
	{"fin: istiod, plaintext xDS", "istio-system4", "app=istiod", pod, 15010, nil},
	{"fin: istiod, the API proxy's view", "istio-system4", "app=istiod", pod, 16443, nil},
}

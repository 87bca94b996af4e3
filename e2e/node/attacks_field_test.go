package node_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// field is where the attacks take place: dev has Pods and a Service, and sales has a
// Pod with all that its namespace lets it have.
type field struct {
	*world
	names  *strings.Replacer // {prey} and the like, in the rows of attacks
	friend node.Place        // of dev, which its prey lets in
	prey   node.Place
}

// attackerSpec is what the admission policies accept at the most: root, and every
// capability that they list.
const attackerSpec = `
terminationGracePeriodSeconds: 0
containers:
- name: attacker
  image: ` + attackerImage + `
  securityContext:
    runAsUser: 0
    capabilities:
      add: [AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, SETFCAP, SETGID, SETPCAP, SETUID, SYS_CHROOT, NET_ADMIN, NET_RAW]
`

const answeringSpec = `
terminationGracePeriodSeconds: 0
containers:
- {name: app, image: ` + appImage + `, args: ["8080"], readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}}
`

const preyService = `
apiVersion: v1
kind: Service
metadata: {name: prey, namespace: ns-0}
spec: {type: NodePort, selector: {app: prey}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Secret
metadata: {name: prize, namespace: ns-0}
stringData: {key: everything}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: prize, namespace: ns-0}
data: {key: everything}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: rich, namespace: ns-0}
`

// What sales has of Services that lead to dev: the first it makes itself, and the others
// need a cluster of before Kubernetes 1.22, whose administrators may write Endpoints.
const forgedServices = `
apiVersion: v1
kind: Service
metadata: {name: forged, namespace: ns-1}
spec: {type: NodePort, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: forged, namespace: ns-1, labels: {kubernetes.io/service-name: forged}}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}]
endpoints: [{addresses: [$PREY], conditions: {ready: true}}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: forged, namespace: ns-1}
subsets: [{addresses: [{ip: $PREY}], ports: [{name: http, port: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: forged-istiod, namespace: ns-1}
spec: {ports: [{name: xds, port: 15012}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: forged-istiod, namespace: ns-1, labels: {kubernetes.io/service-name: forged-istiod}}
addressType: IPv4
ports: [{name: xds, port: 15012, protocol: TCP}]
endpoints: [{addresses: [$ISTIOD], conditions: {ready: true}}]
`

func theField(t *testing.T) *field {
	w := theEnforcedWorld(t)
	f := &field{world: w}
	dev, sales := w.node.Cluster.As("dev-admin"), w.node.Cluster.As("sales-admin")
	for _, p := range []struct {
		client          *cluster.Client
		namespace, name string
		spec            string
	}{
		{dev, "ns-0", "prey", answeringSpec}, {dev, "ns-0", "friend", answeringSpec}, {sales, "ns-1", "attacker", attackerSpec},
		{sales, "ns-1", "asks", asksSpec},
	} {
		require.NoError(t, makePod(p.client, p.namespace, p.name, p.spec))
		t.Cleanup(func() { remove(t, w.node.Cluster.Admin, "/api/v1/namespaces/"+p.namespace+"/pods/"+p.name) })
	}
	f.give(t, dev, preyService)
	place := func(namespace, name string) node.Place {
		p, err := w.ready(namespace, name)
		require.NoError(t, err)
		return p
	}
	thePopulation(t, w)
	f.prey, f.friend = place("ns-0", "prey"), place("ns-0", "friend")
	own, self := place("ns-1", "app"), place("ns-1", "attacker")
	istiodOf := func(name string) string {
		p, err := w.istiod(name)
		require.NoError(t, err)
		return p.Address
	}
	devIstiod := istiodOf("dev")
	f.give(t, w.node.Cluster.Admin, strings.NewReplacer("$PREY", f.prey.Address, "$ISTIOD", devIstiod).Replace(forgedServices))
	service := func(namespace, name string) (ip, port string) {
		s, err := w.node.Cluster.Admin.Get("/api/v1/namespaces/" + namespace + "/services/" + name)
		require.NoError(t, err)
		ip, _, _ = unstructured.NestedString(s.Object, "spec", "clusterIP")
		ports, _, _ := unstructured.NestedSlice(s.Object, "spec", "ports")
		return ip, fmt.Sprint(ports[0].(map[string]any)["nodePort"])
	}
	preyIP, preyPort := service("ns-0", "prey")
	forgedIP, forgedPort := service("ns-1", "forged")
	forgedXDS, _ := service("ns-1", "forged-istiod")
	metadataService(t)
	_, apiPort, _ := net.SplitHostPort(w.node.Cluster.APIServer().Address)
	f.names = strings.NewReplacer("{prey}", f.prey.Address, "{friend}", f.friend.Address,
		"{own}", own.Address, "{self}", self.Address,
		"{preyService}", preyIP, "{preyNodePort}", preyPort, "{forged}", forgedIP, "{forgedNodePort}", forgedPort, "{forgedXDS}", forgedXDS,
		"{devIstiod}", devIstiod, "{finIstiod}", istiodOf("fin"), "{node}", node.Address, "{api}", w.node.Cluster.APIServer().Address, "{apiPort}", apiPort,
		"{token}", "/var/run/secrets/kubernetes.io/serviceaccount/token")
	return f
}

// metadataService has the node answer at the address where clouds give out its credentials.
func metadataService(t *testing.T) {
	lo, err := netlink.LinkByName("lo")
	require.NoError(t, err)
	address := &netlink.Addr{IPNet: &net.IPNet{IP: net.IPv4(169, 254, 169, 254), Mask: net.CIDRMask(32, 32)}}
	require.NoError(t, netlink.AddrAdd(lo, address))
	listener, err := net.Listen("tcp", "169.254.169.254:80")
	require.NoError(t, err)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "iam/") }))
	t.Cleanup(func() {
		listener.Close()
		require.NoError(t, netlink.AddrDel(lo, address))
	})
}

// give applies objects, which are removed at the end of the test.
func (f *field) give(t *testing.T, as *cluster.Client, text string) {
	objects, err := cluster.Parse([]byte(text))
	require.NoError(t, err)
	_, err = as.Apply(objects)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.node.Cluster.Admin.Delete(objects)) })
}

// makePod makes a Pod that gets no proxy. Its label app is its name.
func makePod(as *cluster.Client, namespace, name, spec string) error {
	answer, err := postPod(as, namespace, name, spec)
	return errors.Join(err, answer.Error())
}

func postPod(as *cluster.Client, namespace, name, spec string) (cluster.Answer, error) {
	var parsed map[string]any
	if err := yaml.Unmarshal([]byte(spec), &parsed); err != nil {
		return cluster.Answer{}, fmt.Errorf("the spec of %s: %w", name, err)
	}
	body, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": parsed, "metadata": map[string]any{
		"name": name, "labels": map[string]any{"app": name, "sidecar.istio.io/inject": "false"}}})
	if err != nil {
		return cluster.Answer{}, err
	}
	return as.Do(http.MethodPost, "/api/v1/namespaces/"+namespace+"/pods", string(body))
}

// remove deletes what is there, and waits until it is gone.
func remove(t *testing.T, as *cluster.Client, path string) {
	t.Helper()
	require.NoError(t, goes(as, path))
}

// goes is remove, for what runs beside a test.
func goes(as *cluster.Client, path string) error {
	if _, err := as.Do(http.MethodDelete, path+"?gracePeriodSeconds=0", ""); err != nil {
		return err
	}
	return cluster.Eventually(patience, func() error { return as.Gone(path) })
}

// someAtOnce are as many as two cores have use for, beside what other lanes do.
const someAtOnce = 4

// sideBySide calls f for each index, so many at once.
func sideBySide(n, atOnce int, f func(i int)) {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error { f(i); return nil })
	}
	_ = group.Wait() // none fails
}

// Package network_test asks a network plugin's own engine, that of
// kube-network-policies, what it would make of a tenant's policies. It is a module
// of its own: the engine pins other versions of what everybody uses.
package network_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	cnp "sigs.k8s.io/kube-network-policies/plugins/npa-v1alpha2"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
	cnpinformers "sigs.k8s.io/network-policy-api/pkg/client/informers/externalversions"
	"sigs.k8s.io/yaml"
)

const root = "../.."

// render is the shipped tenant sales, with a network of its file.
func render(t *testing.T, network string) string {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	build := exec.Command("go", "build", "-o", bin+"/", "./plugin/cmd/istio-tenancy", "sigs.k8s.io/kustomize/kustomize/v5")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, part := range []string{"bases", "overlays"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(root, part))))
	}
	file := filepath.Join(dir, "overlays/sales/tenant.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), "spec:\n", "spec:\n  network: "+network+"\n", 1)), 0o600))
	kustomize := exec.Command(filepath.Join(bin, "kustomize"), "build", "--enable-alpha-plugins", "--enable-exec", filepath.Dir(file))
	kustomize.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	made, err := kustomize.Output()
	require.NoError(t, err)
	return string(made)
}

// pods are who connects: two of the tenant, one of another tenant, one of the
// cluster's, one of a namespace in allowFrom. gateway is what istiod deploys.
var pods = map[string]*corev1.Pod{
	"app":        pod("ns-1", 1, map[string]string{"app": "app"}),
	"peer":       pod("ns-1", 2, nil),
	"gateway":    pod("ns-1", 3, map[string]string{"gateway.networking.k8s.io/gateway-name": "web"}),
	"istiod":     pod("istio-system1", 4, map[string]string{"app": "istiod", "istio.io/rev": "sales"}),
	"dev":        pod("ns-0", 5, nil),
	"default":    pod("default", 6, nil),
	"prometheus": pod("monitoring", 7, nil),
	"outside":    pod("", 8, nil), // no Pod of the cluster
}

func pod(namespace string, address int, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("pod-%d", address), Labels: labels},
		Status:     corev1.PodStatus{PodIP: fmt.Sprintf("10.0.0.%d", address)},
	}
}

// cluster knows which Pod has an address.
type cluster struct{}

func (cluster) GetPodInfoByIP(ip string) (*api.PodInfo, bool) {
	for _, p := range pods {
		if p.Status.PodIP == ip && p.Namespace != "" {
			return api.NewPodInfo(p, map[string]string{"kubernetes.io/metadata.name": p.Namespace}, nil, ""), true
		}
	}
	return nil, false
}

// engine evaluates the policies of a stream of objects: the tier Admin, then
// NetworkPolicies.
func engine(t *testing.T, text string) *networkpolicy.PolicyEngine {
	t.Helper()
	kubernetes, clusterPolicies := informers.NewSharedInformerFactory(nil, 0), cnpinformers.NewSharedInformerFactory(nil, 0)
	for doc := range strings.SplitSeq(text, "\n---\n") {
		var head metav1.TypeMeta
		require.NoError(t, yaml.Unmarshal([]byte(doc), &head))
		switch head.Kind {
		case "NetworkPolicy":
			var p networkingv1.NetworkPolicy
			require.NoError(t, yaml.UnmarshalStrict([]byte(doc), &p))
			if p.Spec.PolicyTypes == nil {
				p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress} // as the API server does
			}
			require.NoError(t, kubernetes.Networking().V1().NetworkPolicies().Informer().GetIndexer().Add(&p))
		case "ClusterNetworkPolicy":
			var p v1alpha2.ClusterNetworkPolicy
			require.NoError(t, yaml.UnmarshalStrict([]byte(doc), &p))
			require.NoError(t, clusterPolicies.Policy().V1alpha2().ClusterNetworkPolicies().Informer().GetIndexer().Add(&p))
		}
	}
	core := kubernetes.Core().V1()
	return networkpolicy.NewPolicyEngine(cluster{}, []api.PolicyEvaluator{
		cnp.NewClusterNetworkPolicy(v1alpha2.AdminTier, clusterPolicies.Policy().V1alpha2().ClusterNetworkPolicies(), nil, nil),
		networkpolicy.NewStandardNetworkPolicy("node", core.Namespaces(), core.Pods(), kubernetes.Networking().V1().NetworkPolicies()),
	})
}

// open is what a tenant's administrator may write: everything, from everywhere.
func open(namespace string) string {
	return "\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: open, namespace: " + namespace + "}, spec: {podSelector: {}, ingress: [{}]}}"
}

func TestTheFloorHoldsWhateverTheTenantOpens(t *testing.T) {
	const allow = "{allowFrom: [monitoring]}"
	shipped, floor := render(t, allow), render(t, strings.Replace(allow, "{", "{floor: true, ", 1))
	attack := open("ns-1") + open("istio-system1")
	engines := []*networkpolicy.PolicyEngine{engine(t, shipped), engine(t, shipped+attack), engine(t, floor), engine(t, floor+attack)}
	const yes, no = true, false
	for _, row := range []struct {
		from, to string
		port     int
		// As shipped; opened by the tenant; with the floor; opened with the floor.
		want [4]bool
	}{
		{"dev", "app", 8080, [4]bool{no, yes, no, no}},
		{"default", "app", 8080, [4]bool{no, yes, no, no}},
		{"dev", "app", 15021, [4]bool{no, yes, no, no}},
		{"dev", "gateway", 15000, [4]bool{no, yes, no, no}},
		{"dev", "gateway", 15090, [4]bool{no, yes, no, no}},
		{"dev", "istiod", 15012, [4]bool{no, yes, no, no}},
		{"default", "istiod", 15014, [4]bool{no, yes, no, no}},
		{"prometheus", "istiod", 15012, [4]bool{no, yes, no, no}},

		{"dev", "gateway", 8443, [4]bool{yes, yes, yes, yes}},
		{"dev", "gateway", 15021, [4]bool{yes, yes, yes, yes}},
		{"dev", "gateway", 20000, [4]bool{yes, yes, yes, yes}},
		{"default", "istiod", 15017, [4]bool{yes, yes, yes, yes}},
		{"outside", "istiod", 15017, [4]bool{yes, yes, yes, yes}},
		{"outside", "gateway", 443, [4]bool{yes, yes, yes, yes}},
		{"peer", "app", 8080, [4]bool{yes, yes, yes, yes}},
		{"istiod", "app", 15021, [4]bool{yes, yes, yes, yes}},
		{"app", "istiod", 15012, [4]bool{yes, yes, yes, yes}},
		{"prometheus", "app", 8080, [4]bool{yes, yes, yes, yes}},
		{"prometheus", "istiod", 15014, [4]bool{yes, yes, yes, yes}},

		// Not covered, as the README says.
		{"outside", "app", 8080, [4]bool{no, yes, no, yes}},
	} {
		var got [4]bool
		for i, e := range engines {
			var err error
			got[i], err = e.EvaluatePacket(context.Background(), &network.Packet{
				Family: corev1.IPv4Protocol, Proto: corev1.ProtocolTCP, SrcPort: 40000, DstPort: row.port,
				SrcIP: net.ParseIP(pods[row.from].Status.PodIP), DstIP: net.ParseIP(pods[row.to].Status.PodIP),
			})
			require.NoError(t, err)
		}
		require.Equal(t, row.want, got, "%s -> %s:%d", row.from, row.to, row.port)
	}
}

// What NetworkPolicies decide among the tenant's own is left to them.
func TestTheFloorLeavesTheTenantToItsOwnPolicies(t *testing.T) {
	e := engine(t, render(t, "{floor: true, withinTenant: deny}"))
	for _, row := range []struct {
		from, to string
		want     bool
	}{{"peer", "app", false}, {"istiod", "app", true}, {"dev", "app", false}} {
		got, err := e.EvaluatePacket(context.Background(), &network.Packet{
			Family: corev1.IPv4Protocol, Proto: corev1.ProtocolTCP, SrcPort: 40000, DstPort: 8080,
			SrcIP: net.ParseIP(pods[row.from].Status.PodIP), DstIP: net.ParseIP(pods[row.to].Status.PodIP),
		})
		require.NoError(t, err)
		require.Equal(t, row.want, got, "%s -> %s", row.from, row.to)
	}
}

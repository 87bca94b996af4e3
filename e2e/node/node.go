package node

import (
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/servers"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Name is the node's.
const Name = "node-1"

// Options of a node.
type Options struct {
	// Logs is the directory for the logs of all programs; it is made.
	Logs string
	// Users are those of the cluster; see cluster.Options.
	Users []string
	// Images are those that Pods can ask for.
	Images []Image
	// Meanwhile is called when the API server is ready, and Start waits for it. What
	// it applies is there when the node comes.
	Meanwhile func(*cluster.Cluster) error
}

// Node is one that runs, with its cluster.
type Node struct {
	Cluster *cluster.Cluster

	binaries servers.Binaries
	data     string
}

const (
	scheduler = "system:kube-scheduler"
	proxy     = "system:kube-proxy"
)

//go:embed dns.yaml
var dns []byte

// Start starts the cluster and the node, and returns when the node is ready and
// names are found. NetworkPolicies are not enforced before Enforce.
func Start(binaries servers.Binaries, o Options) (_ *Node, err error) {
	data, err := os.MkdirTemp("", "node-")
	if err != nil {
		return nil, err
	}
	n := &Node{binaries: binaries, data: data}
	defer func() {
		if err != nil {
			n.Stop()
		}
	}()
	if err := upNetwork(); err != nil {
		return nil, err
	}
	kubelet, err := newKubeletCredentials(data)
	if err != nil {
		return nil, err
	}
	var images errgroup.Group
	var files imageFiles
	images.Go(func() (err error) {
		files, err = n.writeImages(o.Images)
		return err
	})
	defer images.Wait()
	if n.Cluster, err = cluster.Start(binaries, cluster.Options{
		Logs: o.Logs, Host: Address, Nodes: []string{Name}, Controllers: "*",
		Users: append([]string{scheduler, proxy}, o.Users...),
		Flags: []string{"--endpoint-reconciler-type", "lease", "--service-cluster-ip-range", serviceRange,
			"--kubelet-preferred-address-types", "InternalIP", "--kubelet-client-certificate", kubelet.certificate, "--kubelet-client-key", kubelet.key},
	}); err != nil {
		return nil, err
	}
	var starts errgroup.Group
	starts.Go(func() error {
		if err := errors.Join(n.startContainerd(), images.Wait()); err != nil {
			return err
		}
		if err := n.bring(files.first); err != nil {
			return err
		}
		starts.Go(func() error { return n.bring(files.later) })
		return n.startKubelet(kubelet)
	})
	starts.Go(n.startProxy)
	starts.Go(n.startScheduler)
	starts.Go(n.startDNS)
	if o.Meanwhile != nil {
		starts.Go(func() error { return o.Meanwhile(n.Cluster) })
	}
	if err := starts.Wait(); err != nil {
		return nil, err
	}
	return n, n.Available("kube-system", "coredns", 3*time.Minute)
}

// Stop ends every program and removes the node's data. What is in namespaces
// ends with Isolate.
func (n *Node) Stop() {
	if n.Cluster != nil {
		n.Cluster.Stop()
	}
	os.RemoveAll(n.data)
}

func (n *Node) file(name string) string { return filepath.Join(n.data, name) }

// write writes a file of the node's, and the folders that it is in.
func (n *Node) write(name, text string) (string, error) {
	path := n.file(name)
	return path, errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644))
}

// ready says whether the API server calls the node ready.
func (n *Node) ready() error {
	node, err := n.Cluster.Admin.Get("/api/v1/nodes/" + Name)
	if err != nil {
		return err
	}
	return cluster.MustBe(node, "Ready")
}

func (n *Node) startProxy() error {
	kubeconfig, err := n.Cluster.UserKubeconfig(proxy)
	if err != nil {
		return err
	}
	return n.Cluster.Serve("kube-proxy", func() error { return answers("http://127.0.0.1:10249/healthz") }, n.binaries["kube-proxy"],
		"--kubeconfig", kubeconfig, "--hostname-override", Name, "--proxy-mode", "iptables", "--cluster-cidr", podRange,
		// The kernel's limits are the machine's, not the namespace's.
		"--conntrack-max-per-core", "0", "--conntrack-min", "0",
		"--conntrack-tcp-timeout-established", "0", "--conntrack-tcp-timeout-close-wait", "0",
		"--iptables-min-sync-period", "100ms")
}

func (n *Node) startScheduler() error {
	kubeconfig, err := n.Cluster.UserKubeconfig(scheduler)
	if err != nil {
		return err
	}
	return n.Cluster.Serve("kube-scheduler", func() error { return nil }, n.binaries["kube-scheduler"],
		"--kubeconfig", kubeconfig, "--leader-elect=false", "--authentication-skip-lookup", "--secure-port", "0")
}

// startDNS starts CoreDNS as a Pod, as clusters do.
func (n *Node) startDNS() error {
	objects, err := cluster.Parse([]byte(strings.NewReplacer("$IMAGE", dnsImage, "$ADDRESS", DNS).Replace(string(dns))))
	if err != nil {
		return err
	}
	_, err = n.Cluster.Admin.Apply(objects)
	return err
}

// Available waits until a Deployment has all its Pods ready.
func (n *Node) Available(namespace, name string, limit time.Duration) error {
	return cluster.Eventually(limit, func() error {
		d, err := n.Cluster.Admin.Get("/apis/apps/v1/namespaces/" + namespace + "/deployments/" + name)
		if err != nil {
			return err
		}
		want, _, _ := unstructured.NestedFloat64(d.Object, "spec", "replicas") // as encoding/json reads numbers
		ready, _, _ := unstructured.NestedFloat64(d.Object, "status", "availableReplicas")
		updated, _, _ := unstructured.NestedFloat64(d.Object, "status", "updatedReplicas")
		if want == 0 || ready < want || updated < want {
			return fmt.Errorf("%s: %v of %v Pods are available", cluster.ID(d), ready, want)
		}
		return nil
	})
}

// Enforce starts kube-router, for NetworkPolicies alone.
func (n *Node) Enforce() error {
	kubeconfig, err := n.Cluster.UserKubeconfig(cluster.ClusterAdmin)
	if err != nil {
		return err
	}
	return n.Cluster.Serve("kube-router", func() error { return enforcing() }, n.binaries["kube-router"],
		"--kubeconfig", kubeconfig, "--hostname-override", Name,
		"--run-router=false", "--run-service-proxy=false", "--run-firewall=true", "--run-loadbalancer=false",
		"--service-cluster-ip-range", serviceRange, "--health-port", "0", "--metrics-port", "0")
}

// enforcing says whether the engine has written its chains.
func enforcing() error {
	out, err := exec.Command("iptables", "-S", "KUBE-ROUTER-FORWARD").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func answers(url string) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(url + ": " + response.Status)
	}
	return nil
}

package cluster

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/servers"
)

const (
	// Issuer of the tokens of ServiceAccounts, and the audience of those that are
	// for the API server.
	Issuer = "https://kubernetes.default.svc.cluster.local"
	// ClusterAdmin is the user in system:masters.
	ClusterAdmin = "cluster-admin"
	kcmUser      = "system:kube-controller-manager"
)

// Options of a cluster.
type Options struct {
	// Logs is the directory for the servers' logs; it is made.
	Logs string
	// Users are the names that can authenticate, each with a token and in no group.
	Users []string
	// Flags are further ones of the API server.
	Flags []string
	// Host is the address of an interface at which the API server listens. Without
	// one, Start brings up the loopback interface, and takes one of its.
	Host string
	// Nodes are the names of nodes; the kubelet of each is the user NodeUser.
	Nodes []string
	// Controllers are those that run, as the controller manager takes them; by
	// default, those that the rendered objects, an attacker or an offboarding meet.
	Controllers string
}

// NodeUser is as whom the kubelet of a node acts.
func NodeUser(node string) string { return "system:node:" + node }

// Cluster is a running API server and what belongs to it.
type Cluster struct {
	// Admin acts as the cluster administrator.
	Admin *Client
	// Logs holds one log per server and the API server's audit log.
	Logs string

	binaries    servers.Binaries
	data        string // etcd's data, keys, tokens, kubeconfigs
	etcd        string // its URL
	url         string // of the first API server
	ca          []byte
	first       *APIServer
	servers     int // how many API servers were added
	host        string
	controllers string
	net         int // the second octet of its Services' addresses
	pods        int // how many pods got an address
	stop        []func()
	starting    sync.Mutex // of stop, for programs that start side by side
}

// controllers are those that run by default.
const controllers = "serviceaccount-controller,serviceaccount-token-controller,root-ca-certificate-publisher-controller," +
	"clusterrole-aggregation-controller,namespace-controller,garbage-collector-controller,resourcequota-controller," +
	"deployment-controller,replicaset-controller,job-controller,endpointslice-controller,validatingadmissionpolicy-status-controller"

// nets hands out the address ranges: two per cluster, within what
// bringUpNetwork gives to the loopback interface.
var nets atomic.Int32

// Start starts etcd, the API server and the controller manager, and returns
// when the API server is ready and the controllers work. On an error nothing
// keeps running.
func Start(binaries servers.Binaries, o Options) (_ *Cluster, err error) {
	if o.Host == "" {
		if err := bringUpNetwork(); err != nil {
			return nil, err
		}
	}
	if o.Logs, err = filepath.Abs(o.Logs); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Logs, 0o755); err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp("", "istio-tenancy-e2e-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{Logs: o.Logs, binaries: binaries, data: data, net: int(96 + (nets.Add(2)-2)%16),
		host: o.Host, controllers: cmp.Or(o.Controllers, controllers)}
	c.stop = append(c.stop, func() { os.RemoveAll(data) })
	defer func() {
		if err != nil {
			c.Stop()
		}
	}()
	if err := c.writeFiles(o.Users, o.Nodes); err != nil {
		return nil, err
	}
	etcd, err := c.startEtcd()
	if err != nil {
		return nil, err
	}
	c.etcd = etcd
	if _, err := c.AddAPIServer(o.Flags...); err != nil {
		return nil, err
	}
	return c, c.startControllers()
}

// Stop ends every server and removes its data; the logs stay.
func (c *Cluster) Stop() {
	for i := len(c.stop) - 1; i >= 0; i-- {
		c.stop[i]()
	}
	c.stop = nil
}

// tokenOf is a user's token. The API server is reached from this network alone, for minutes.
func tokenOf(user string) string { return "token-of-" + user }

func (c *Cluster) file(name string) string { return filepath.Join(c.data, name) }

// auditPolicy records who did what to what: at the end of a request, and at the
// start of a watch, which may not end in time.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

func (c *Cluster) writeFiles(users, nodes []string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	tokens := fmt.Sprintf("%s,%s,1,system:masters\n%s,%s,2\n",
		tokenOf(ClusterAdmin), ClusterAdmin, tokenOf(kcmUser), kcmUser)
	for i, user := range users {
		tokens += fmt.Sprintf("%s,%s,%d\n", tokenOf(user), user, i+100)
	}
	for i, node := range nodes {
		tokens += fmt.Sprintf("%s,%s,%d,system:nodes\n", tokenOf(NodeUser(node)), NodeUser(node), i+10)
	}
	return errors.Join(
		os.WriteFile(c.file("sa.key"), pem.EncodeToMemory(&pem.Block{
			Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), 0o600),
		os.WriteFile(c.file("sa.pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600),
		os.WriteFile(c.file("tokens.csv"), []byte(tokens), 0o600),
		os.WriteFile(c.file("audit.yaml"), []byte(auditPolicy), 0o600),
	)
}

func (c *Cluster) startEtcd() (url string, err error) {
	ports, err := freePorts(2)
	if err != nil {
		return "", err
	}
	url = "http://127.0.0.1:" + ports[0]
	p, err := c.run("etcd", nil, "--data-dir", c.file("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", url, "--advertise-client-urls", url,
		"--listen-peer-urls", "http://127.0.0.1:"+ports[1], "--log-level", "warn")
	if err != nil {
		return "", err
	}
	return url, p.ready(startLimit, func() error { return dial("127.0.0.1:" + ports[0]) })
}

// startControllers starts the controllers that a cluster of this size needs.
// Each acts as its own ServiceAccount, as kubeadm sets it up.
func (c *Cluster) startControllers() error {
	kubeconfig, err := c.Kubeconfig(kcmUser, tokenOf(kcmUser))
	if err != nil {
		return err
	}
	p, err := c.run("kube-controller-manager", nil,
		"--kubeconfig", kubeconfig,
		"--authentication-skip-lookup", "--secure-port", "0",
		"--leader-elect=false",
		"--controllers", c.controllers,
		"--use-service-account-credentials",
		"--service-account-private-key-file", c.file("sa.key"),
		"--root-ca-file", c.file("apiserver/apiserver.crt"),
		"--kube-api-qps", "200", "--kube-api-burst", "400",
		"--concurrent-namespace-syncs", "10",
		"--namespace-sync-period", "5s",
		"--horizontal-pod-autoscaler-sync-period", "5s",
	)
	if err != nil {
		return err
	}
	return p.ready(startLimit, func() error {
		answer, err := c.Admin.Do("GET", "/api/v1/namespaces/default/serviceaccounts/default", "")
		if err != nil {
			return err
		}
		return answer.Error()
	})
}

// run starts a server that Stop ends.
func (c *Cluster) run(name string, env []string, args ...string) (*process, error) {
	return c.runAs(name, env, c.binaries[name], args...)
}

// Serve starts a program that Stop ends, and returns when ready returns nil. Its
// log is name's.
func (c *Cluster) Serve(name string, ready func() error, bin string, args ...string) error {
	p, err := c.runAs(name, nil, bin, args...)
	if err != nil {
		return err
	}
	return p.ready(startLimit, ready)
}

// Until starts a program, and ends it when done returns nil. Its log is name's.
func (c *Cluster) Until(name string, done func() error, bin string, args ...string) error {
	p, err := c.runAs(name, nil, bin, args...)
	if err != nil {
		return err
	}
	defer p.stop()
	return p.ready(startLimit, done)
}

// runAs is run, with a name of its own for the log.
func (c *Cluster) runAs(name string, env []string, bin string, args ...string) (*process, error) {
	log, err := openLog(c.Logs, name)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p, err := start(log, name, c.data, nil, env, bin, args...)
	if err == nil {
		c.starting.Lock()
		defer c.starting.Unlock()
		c.stop = append(c.stop, p.stop)
	}
	return p, err
}

// given are the ports that freePorts has returned. Nobody listens there yet, and
// another cluster that starts at the same time must not get them.
var given sync.Map

// freePorts are loopback ports that nobody listens on.
func freePorts(n int) ([]string, error) {
	var ports []string
	for len(ports) < n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		if _, taken := given.LoadOrStore(port, true); !taken {
			ports = append(ports, port)
		}
	}
	return ports, nil
}

func dial(address string) error {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		conn.Close()
	}
	return err
}

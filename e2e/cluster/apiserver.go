package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
)

// APIServer is one kube-apiserver of a cluster. A cluster starts with one.
type APIServer struct {
	// Address is where it listens: HOST:PORT.
	Address string

	cluster *Cluster
	name    string
	args    []string
	starts  int
	process *process
}

// APIServer is the one that the cluster started with.
func (c *Cluster) APIServer() *APIServer { return c.first }

// AddAPIServer starts an API server on the cluster's etcd, with the same
// certificate, users and keys, and returns when it is ready. Clients of the cluster go on
// to use the first.
func (c *Cluster) AddAPIServer(flags ...string) (*APIServer, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	c.servers++
	address := cmp.Or(c.host, fmt.Sprintf("10.%d.255.254", c.net+1)) // which a Pod with a network of its own reaches
	s := &APIServer{cluster: c, name: "kube-apiserver", Address: address + ":" + ports[0]}
	if c.servers > 1 {
		s.name = fmt.Sprintf("kube-apiserver-%d", c.servers)
	}
	s.args = append([]string{
		"--etcd-servers", c.etcd,
		"--bind-address", address, "--secure-port", ports[0],
		"--advertise-address", address,
		"--cert-dir", c.file("apiserver"),
		"--endpoint-reconciler-type", "none",
		"--service-cluster-ip-range", fmt.Sprintf("10.%d.0.0/16", c.net),
		"--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction", // as of every cluster that people install
		"--allow-privileged=true", // as every cluster that people install has it
		"--token-auth-file", c.file("tokens.csv"),
		"--service-account-issuer", Issuer,
		"--service-account-key-file", c.file("sa.pub"),
		"--service-account-signing-key-file", c.file("sa.key"),
		"--audit-policy-file", c.file("audit.yaml"),
		"--audit-log-path", c.auditLog(c.servers), "--audit-log-maxsize", "100000", // MB: one file, for Requests
		"--enable-priority-and-fairness=false",
	}, flags...)
	if c.first == nil {
		c.first, c.url = s, "https://"+s.Address
	}
	return s, s.Start()
}

// Start starts the API server, also after Kill, at the same address, and
// returns when it is ready.
func (s *APIServer) Start() (err error) {
	c, name := s.cluster, s.name
	if s.starts++; s.starts > 1 {
		name = fmt.Sprintf("%s-start-%d", s.name, s.starts)
	}
	if s.process, err = c.runAs(name, nil, c.binaries["kube-apiserver"], s.args...); err != nil {
		return err
	}
	return s.process.ready(startLimit, func() error {
		if c.ca == nil {
			if c.ca, err = os.ReadFile(c.file("apiserver/apiserver.crt")); err != nil {
				return err
			}
			c.Admin = c.As(ClusterAdmin)
		}
		admin := c.As(ClusterAdmin)
		admin.host = "https://" + s.Address
		answer, err := admin.Do(http.MethodGet, "/readyz", "")
		if err != nil {
			if c.Admin.host == admin.host && s.starts == 1 {
				c.ca = nil // the file may have been half written
			}
			return err
		}
		return answer.Error()
	})
}

// Kill ends the API server as a crash does.
func (s *APIServer) Kill() { s.process.kill() }

// Restart ends the API server, which breaks every connection, and starts it
// again.
func (s *APIServer) Restart() error {
	s.Kill()
	return s.Start()
}

// CA is the certificate authority of the API servers' certificate, which is for
// the address of the first Service, too; see KubernetesService.
func (c *Cluster) CA() []byte { return c.ca }

// KubernetesService is the address that Pods use for the API server. Nothing
// listens there, unless a test does.
func (c *Cluster) KubernetesService() string { return fmt.Sprintf("10.%d.0.1", c.net) }

// ServiceAddress is host:port at which Pods of most clusters find the API
// server: that of KubernetesService. It is served until the cluster stops.
func (c *Cluster) ServiceAddress() (string, error) {
	address := net.JoinHostPort(c.KubernetesService(), "443")
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	c.stop = append(c.stop, func() { listener.Close() })
	go forward(listener, c.first.Address)
	return address, nil
}

// Compact makes etcd forget every revision before the newest, which the API server does
// on its own for those that are older than some minutes.
func (c *Cluster) Compact() error {
	list, err := c.Admin.Get("/api/v1/namespaces?limit=1")
	if err != nil {
		return err
	}
	// etcd's gateway takes its gRPC calls as JSON.
	answer, err := http.Post(c.etcd+"/v3/kv/compaction", "application/json",
		strings.NewReader(fmt.Sprintf(`{"revision": %q, "physical": true}`, list.GetResourceVersion())))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New("compact etcd: " + answer.Status)
	}
	return nil
}

package cluster

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

func (c *Cluster) startAPIServer(etcd string, flags []string) error {
	ports, err := freePorts(1)
	if err != nil {
		return err
	}
	address := fmt.Sprintf("10.%d.255.254", c.net+1) // which a Pod with a network of its own reaches
	c.url = "https://" + address + ":" + ports[0]
	c.apiserverArgs = append([]string{
		"--etcd-servers", etcd,
		"--bind-address", address, "--secure-port", ports[0],
		"--advertise-address", address,
		"--cert-dir", c.file("apiserver"),
		"--endpoint-reconciler-type", "none",
		"--service-cluster-ip-range", fmt.Sprintf("10.%d.0.0/16", c.net),
		"--authorization-mode", "RBAC",
		"--allow-privileged=true", // as every cluster that people install has it
		"--token-auth-file", c.file("tokens.csv"),
		"--service-account-issuer", Issuer,
		"--service-account-key-file", c.file("sa.pub"),
		"--service-account-signing-key-file", c.file("sa.key"),
		"--audit-policy-file", c.file("audit.yaml"),
		"--audit-log-path", c.AuditLog(),
		"--enable-priority-and-fairness=false",
	}, flags...)
	c.stop = append(c.stop, func() { c.apiserver.stop() })
	return c.runAPIServer()
}

// RestartAPIServer ends the API server, which breaks every connection, and
// starts it again at the same address.
func (c *Cluster) RestartAPIServer() error {
	c.apiserver.stop()
	return c.runAPIServer()
}

func (c *Cluster) runAPIServer() (err error) {
	c.apiserver, err = c.startServer("kube-apiserver", nil, c.apiserverArgs...)
	if err != nil {
		return err
	}
	first := c.ca == nil
	return c.apiserver.ready(time.Minute, func() error {
		if c.ca == nil {
			if c.ca, err = os.ReadFile(c.file("apiserver/apiserver.crt")); err != nil {
				return err
			}
			c.Admin = c.As(ClusterAdmin)
		}
		answer, err := c.Admin.Do("GET", "/readyz", "")
		if err != nil {
			if first {
				c.ca = nil // the file may have been half written
			}
			return err
		}
		return answer.Error()
	})
}

// ServiceAddress is host:port at which Pods of most clusters find the API
// server: the first address of the Services. It is served until the cluster
// stops.
func (c *Cluster) ServiceAddress() (string, error) {
	address := fmt.Sprintf("10.%d.0.1:443", c.net)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	c.stop = append(c.stop, func() { listener.Close() })
	go forward(listener, strings.TrimPrefix(c.url, "https://"))
	return address, nil
}

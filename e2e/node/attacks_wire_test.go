package node_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	forges    = "`NET_ADMIN` and `NET_RAW` let a Pod forge addresses, also by ARP, where the network plugin does not check them"
	loopback  = "such a Pod reaches what listens on the loopback address of its node"
	linkLocal = "a plugin that enforces NetworkPolicies for IPv4 alone leaves Pods of one node to each other's IPv6 addresses of the link"
)

// asksSpec has a container for each answer to who may send such packets.
const asksSpec = `
terminationGracePeriodSeconds: 0
containers:
- {name: root, image: ` + attackerImage + `, securityContext: {runAsUser: 0}}
- {name: without, image: ` + attackerImage + `, securityContext: {runAsUser: 0, capabilities: {drop: [ALL]}}}
- {name: user, image: ` + attackerImage + `, securityContext: {runAsUser: 1000}}
`

// attackTheWire has attacks about addresses that the attacker does not have. They run one
// by one, since they change what Pods know of each other.
func (f *field) attackTheWire(c *tally.Claim, page string, inherited <-chan heritage) {
	probed := f.probe(c.T) // its Pod starts beside the other attacks
	c.Check("an own packet to the own tenant is answered", func(t *testing.T) {
		f.comesThrough(t, "syn {self} {own}:8080")
	})
	c.Check("an own packet to another tenant is refused", func(t *testing.T) {
		arrived := f.watch(t, f.prey, 34567)
		came, said := f.attackerDoes("syn {self} {prey}:8080")
		require.False(t, came, said)
		require.False(t, arrived(), "the packet arrived")
	})
	c.Check("a datagram to another tenant is refused", func(t *testing.T) {
		var socket net.PacketConn
		require.NoError(t, f.prey.Do(func() (err error) {
			socket, err = net.ListenPacket("udp4", f.prey.Address+":5353")
			return err
		}))
		defer socket.Close()
		go func() {
			packet := make([]byte, 16)
			for {
				n, from, err := socket.ReadFrom(packet)
				if err != nil {
					return
				}
				socket.WriteTo(packet[:n], from)
			}
		}()
		came, said := f.attackerDoes("datagram {prey}:5353")
		require.False(t, came, said)
		require.Regexp(t, closed, said)
		conn, err := f.friend.Dial(t.Context(), "udp4", f.prey.Address+":5353")
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
		_, err = conn.Write([]byte("?"))
		require.NoError(t, err)
		_, err = conn.Read(make([]byte, 16))
		require.NoError(t, err, "dev's own Pod got no answer")
	})
	c.Check("a packet under the address of a Pod that is let in", func(t *testing.T) {
		arrived := f.watch(t, f.prey, 34567)
		came, said := f.attackerDoes("syn {friend} {prey}:8080")
		require.False(t, came, "the answer went to the attacker: %s", said)
		require.True(t, arrived(), "docs/security.md names it as possible, and it did not arrive: %s", said)
		require.Contains(t, page, forges)
	})
	c.Check("a connection under the address of a Pod that is let in", func(t *testing.T) {
		defer f.heal(t)
		f.comesThrough(t, "impersonate {friend} {prey}:8080")
		require.Contains(t, page, forges)
	})
	c.Check("what another tenant's Pods send to one another", func(t *testing.T) {
		defer f.heal(t)
		require.NoError(t, cluster.Eventually(patience, func() error { // the two may just have asked for each other
			if came, said := f.attackerDoes("poison {friend} {prey}"); !came {
				return errors.New(said)
			}
			if f.prey.Reaches(f.friend.Address+":8080", time.Second) {
				return errors.New("docs/security.md names it as possible, and they still reach one another")
			}
			return nil
		}))
		require.Contains(t, page, forges)
	})
	c.Check("afterwards they reach one another", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			if !f.prey.Reaches(f.friend.Address+":8080", time.Second) {
				return errors.New("prey does not reach friend")
			}
			return nil
		}))
	})
	// kube-proxy lets the node route the loopback address, and kube-router accepts what its
	// policies allow before the kubelet's rule drops it.
	c.Check("the loopback address of the node", func(t *testing.T) {
		f.comesThrough(t, "syn {self} 127.0.0.1:10249")
		require.Contains(t, page, loopback)
	})
	c.Check("the loopback address of a node that does not route it", func(t *testing.T) {
		const routes = "/proc/sys/net/ipv4/conf/all/route_localnet"
		require.NoError(t, os.WriteFile(routes, []byte("0"), 0o644))
		defer os.WriteFile(routes, []byte("1"), 0o644)
		came, said := f.attackerDoes("syn {self} 127.0.0.1:10249")
		require.False(t, came, said)
		require.Contains(t, said, "no answer came back")
	})
	c.Check("the IPv6 address of the link of another tenant's Pod", func(t *testing.T) {
		f.comesThrough(t, "linklocal {prey} 8080")
		require.Contains(t, page, linkLocal)
	})
	_, err := f.ready("ns-1", "asks")
	require.NoError(c.T, err)
	asks := []struct{ name, container, says, sentence string }{
		{"root without asking has such sockets", "root", "sent", "a container that runs as root has `NET_RAW` without asking"},
		{"without capabilities there are none", "without", "operation not permitted", ""},
		{"an ordinary user without asking has none", "user", "operation not permitted", ""},
	}
	sideBySide(len(asks), someAtOnce, func(i int) {
		c.Check(asks[i].name, func(t *testing.T) {
			out, _ := f.node.Cluster.Kubectl("sales-admin", "exec", "-n", "ns-1", "asks", "-c", asks[i].container, "--", "/usr/local/bin/attacker", "syn", f.friend.Address, f.prey.Address+":8080")
			require.Contains(t, out, asks[i].says)
			require.Contains(t, page, asks[i].sentence)
		})
	})
	f.attackAsAnHeir(c, <-inherited)
	probed(c)
}

// comesThrough tries what is possible, as docs/security.md says, until it is done once: an answer may
// be late where the machine has other things to do, and two Pods may just have asked for each
// other's hardware address.
func (f *field) comesThrough(t *testing.T, verb string) {
	require.NoError(t, cluster.Eventually(patience, func() error {
		if came, said := f.attackerDoes(verb); !came || strings.Contains(said, "the attacker did not run") {
			return errors.New("docs/security.md names it as possible, and it is refused: " + said)
		}
		return nil
	}))
}

// probe has the kubelet ask a Pod of sales, which sends it on to a Pod of dev, and returns
// the check that it has not gone there.
func (f *field) probe(t *testing.T) (check func(c *tally.Claim)) {
	asked := new(atomic.Int32)
	var listener net.Listener
	require.NoError(t, f.prey.Do(func() (err error) {
		listener, err = net.Listen("tcp", f.prey.Address+":9999")
		return err
	}))
	t.Cleanup(func() { listener.Close() })
	go http.Serve(listener, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	require.NoError(t, makePod(f.node.Cluster.As("sales-admin"), "ns-1", "sends-on", fmt.Sprintf(`
terminationGracePeriodSeconds: 0
containers:
- name: a
  image: %s
  args: [redirect, "8080", "http://%s:9999/"]
  readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
`, attackerImage, f.prey.Address)))
	t.Cleanup(func() { remove(t, f.node.Cluster.Admin, "/api/v1/namespaces/ns-1/pods/sends-on") })
	return func(c *tally.Claim) {
		c.Check("a probe that is sent on to another tenant's Pod is not followed", func(t *testing.T) {
			require.True(t, f.node.Itself().Reaches(f.prey.Address+":9999", silence), "the node does not reach it")
			_, err := f.ready("ns-1", "sends-on") // the redirection counts as an answer
			require.NoError(t, err)
			require.Zero(t, asked.Load(), "the kubelet asked another tenant's Pod")
		})
	}
}

// heritage is a Pod of dev at the address of a Pod of sales that has ended.
type heritage struct {
	heir node.Place
	left net.Conn // of the Pod of sales, which never said to the other side that it ended
	err  error
}

// heirPort is the port of the connection that the Pod of sales left.
const heirPort = 40000

// inherit makes a Pod of sales, and has a Pod of dev get its address.
func (f *field) inherit() (h heritage) {
	const mayflies, heirs = "/api/v1/namespaces/ns-1/pods/mayfly", "/api/v1/namespaces/ns-0/pods/heir"
	h.err = cluster.Eventually(patience, func() error {
		if err := makePod(f.node.Cluster.As("sales-admin"), "ns-1", "mayfly", answeringSpec); err != nil {
			return err
		}
		mayfly, err := f.ready("ns-1", "mayfly")
		if err != nil {
			return err
		}
		if err := cluster.Eventually(patience, func() error { // its rules are written some seconds after it runs
			h.left, err = f.callOwn(mayfly, heirPort)
			return err
		}); err != nil {
			return fmt.Errorf("sales' own Pod does not reach its tenant's: %w", err)
		}
		if err := goes(f.node.Cluster.Admin, mayflies); err != nil {
			return err
		}
		if err := cluster.Eventually(patience, func() error { return node.Next(mayfly.Address) }); err != nil {
			return err
		}
		if err := makePod(f.node.Cluster.As("dev-admin"), "ns-0", "heir", answeringSpec); err != nil {
			return err
		}
		if h.heir, err = f.ready("ns-0", "heir"); err != nil || h.heir.Address == mayfly.Address {
			return err
		}
		return errors.Join(fmt.Errorf("it has the address %s", h.heir.Address), h.left.Close(), goes(f.node.Cluster.Admin, heirs))
	})
	return h
}

// callOwn connects to a Pod of sales from a port, or from any.
func (f *field) callOwn(from node.Place, port int) (conn net.Conn, err error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from.Address), Port: port}, Timeout: silence}
	err = from.Do(func() error {
		conn, err = dialer.Dial("tcp", f.names.Replace("{own}:8080"))
		return err
	})
	return conn, err
}

func (f *field) attackAsAnHeir(c *tally.Claim, h heritage) {
	require.NoError(c.T, h.err)
	defer h.left.Close()
	defer remove(c.T, f.node.Cluster.Admin, "/api/v1/namespaces/ns-0/pods/heir")
	c.Check("an address that a Pod of another tenant had is not let in where that was", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			conn, err := f.callOwn(h.heir, 0)
			if err == nil {
				return errors.Join(errors.New("it is let in"), conn.Close())
			}
			return nil
		}))
	})
	c.Check("nor from the port of a connection that was never closed", func(t *testing.T) {
		_, err := f.callOwn(h.heir, heirPort)
		require.Error(t, err)
		require.Regexp(t, closed, err.Error())
	})
}

// watch says later whether a packet from a port has arrived at a place since.
func (f *field) watch(t *testing.T, at node.Place, port uint16) (arrived func() bool) {
	var socket int
	const frames = unix.ETH_P_IP<<8 | unix.ETH_P_IP>>8
	require.NoError(t, at.Do(func() (err error) {
		socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM, frames&0xffff)
		return err
	}))
	require.NoError(t, unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 200_000}))
	return func() bool {
		defer unix.Close(socket)
		packet := make([]byte, 2048)
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
			n, _, err := unix.Recvfrom(socket, packet, 0)
			if err != nil { // what was sent has arrived by now, or never will
				return false
			}
			if n >= 40 && packet[9] == unix.IPPROTO_TCP && binary.BigEndian.Uint16(packet[20:]) == port && packet[33] == 2 { // SYN
				return true
			}
		}
		return false
	}
}

// heal gives addresses back, and has prey forget where it believes its friend to be.
func (f *field) heal(t *testing.T) {
	f.attackerDoes("forget {friend}")
	require.NoError(t, f.prey.Do(func() error {
		handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		defer handle.Close()
		all, err := handle.NeighList(0, netlink.FAMILY_V4)
		for _, n := range all {
			if n.IP.String() == f.friend.Address {
				err = errors.Join(err, handle.NeighDel(&n))
			}
		}
		return err
	}))
}

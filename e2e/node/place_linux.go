package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/netns"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Place is where a connection can come from: a network, and its address.
type Place struct {
	Address string
	file    string // of its network namespace; empty for the node itself
}

// Itself is the node, outside of all Pods.
func (n *Node) Itself() Place { return Place{Address: Address} }

// Pod is the network of a Pod that has an address.
func (n *Node) Pod(namespace, name string) (Place, error) {
	pod, err := n.Cluster.Admin.Get("/api/v1/namespaces/" + namespace + "/pods/" + name)
	if err != nil {
		return Place{}, err
	}
	address, _, _ := unstructured.NestedString(pod.Object, "status", "podIP")
	if address == "" {
		return Place{}, fmt.Errorf("%s has no address yet", cluster.ID(pod))
	}
	return at(address)
}

// File is the network's, as CNI names it; the node itself has none.
func (p Place) File() string { return p.file }

// at is the network that has an address, of those that CNI has made.
func at(address string) (Place, error) {
	files, err := filepath.Glob("/run/netns/*")
	if err != nil {
		return Place{}, err
	}
	for _, file := range files {
		place := Place{Address: address, file: file}
		found := false
		err := place.Do(func() error {
			all, err := net.InterfaceAddrs()
			for _, a := range all {
				found = found || a.(*net.IPNet).IP.String() == address
			}
			return err
		})
		if found {
			return place, nil
		}
		// Others come and go meanwhile: a file is there before its network, and after it.
		if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, unix.EINVAL) {
			return Place{}, err
		}
	}
	return Place{}, fmt.Errorf("no network has the address %s", address)
}

// outsideAddress is that of the machine outside of the cluster.
const outsideAddress = "10.99.0.9"

var outside = sync.OnceValues(func() (Place, error) {
	place := Place{Address: outsideAddress, file: "/run/outside-netns"}
	if err := os.WriteFile(place.file, nil, 0o600); err != nil {
		return Place{}, err
	}
	bridge, err := netlink.LinkByName(machineBridge)
	if err != nil {
		return Place{}, err
	}
	err = netns.OnThreadOfItsOwn(func() error {
		home, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			return err
		}
		defer home.Close()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		if err := unix.Mount("/proc/thread-self/ns/net", place.file, "", unix.MS_BIND, ""); err != nil {
			return err
		}
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		wire := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "outside0", PeerNamespace: netlink.NsFd(int(home.Fd()))}
		if err := errors.Join(netlink.LinkSetUp(lo), netlink.LinkAdd(wire)); err != nil {
			return err
		}
		return errors.Join(
			netlink.AddrAdd(wire, &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(outsideAddress), Mask: net.CIDRMask(24, 32)}}),
			netlink.LinkSetUp(wire),
			netlink.RouteAdd(&netlink.Route{LinkIndex: wire.Index, Gw: net.ParseIP(Address)}),
		)
	})
	if err != nil {
		return Place{}, fmt.Errorf("a machine outside of the cluster: %w", err)
	}
	peer, err := netlink.LinkByName("outside0")
	if err != nil {
		return Place{}, err
	}
	return place, errors.Join(netlink.LinkSetMaster(peer, bridge), netlink.LinkSetUp(peer))
})

// Outside is a machine that is not of the cluster, beside the node; its packets
// reach Pods through the node.
func (n *Node) Outside() (Place, error) { return outside() }

// Do calls f in the network of the place: sockets that it opens, and processes that it
// starts, are there.
func (p Place) Do(f func() error) error {
	if p.file == "" {
		return f()
	}
	file, err := os.Open(p.file)
	if err != nil {
		return err
	}
	defer file.Close()
	return netns.Do(file, f)
}

// Dial connects as a program at the place does. The address is one of numbers.
func (p Place) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = p.Do(func() error {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Reaches says whether a TCP connection from the place comes about. A refusal of the
// network is one, and so is silence for the whole of limit.
func (p Place) Reaches(address string, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	conn, err := p.Dial(ctx, "tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

package node

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
)

const (
	// Address is the node's.
	Address = "10.99.0.1"
	// DNS is the address of the Service of CoreDNS.
	DNS = "10.96.0.10"

	podBridge     = "pods0"
	machineBridge = "machines0"
	podRange      = "10.98.0.0/16"
	serviceRange  = "10.96.0.0/16"
)

// upNetwork makes the node's network: a loopback interface, and a bridge on
// which machines are. That of the Pods is made by CNI.
func upNetwork() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: machineBridge}}
	address := &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(Address), Mask: net.CIDRMask(24, 32)}}
	if err := errors.Join(netlink.LinkSetUp(lo), netlink.LinkAdd(bridge)); err != nil {
		return fmt.Errorf("make %s: %w", machineBridge, err)
	}
	// kube-proxy needs a way to addresses of Services, before it has rewritten them.
	way := &netlink.Route{LinkIndex: bridge.Index, Gw: net.ParseIP("10.99.0.254")}
	return errors.Join(
		netlink.AddrAdd(bridge, address), netlink.LinkSetUp(bridge), netlink.RouteAdd(way),
		set("net/ipv4/ip_forward", "1"), set("net/bridge/bridge-nf-call-iptables", "1"),
		// Otherwise a refusal is sent once a second, and tests wait for the rest.
		set("net/ipv4/icmp_ratelimit", "0"),
	)
}

func set(name, value string) error {
	return os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0o644)
}

const (
	// addresses is where CNI keeps which Pod has which address, in a folder for the network.
	addresses = "/run/cni-addresses"
	network   = "pods"
)

// Next has the next Pod get an address that nobody has any more: CNI goes on after the one
// that it gave out last. A Pod that starts at the same time may be the next. The API server
// forgets a Pod before the node does: as long as the address is in use there, it is an error.
func Next(address string) error {
	if _, err := os.Stat(filepath.Join(addresses, network, address)); err == nil {
		return fmt.Errorf("the address %s is in use", address)
	}
	before := netip.MustParseAddr(address).Prev()
	return os.WriteFile(filepath.Join(addresses, network, "last_reserved_ip.0"), []byte(before.String()), 0o644)
}

// cniConfig is what containerd sets a Pod's network up by.
const cniConfig = `{
  "cniVersion": "0.4.0",
  "name": "` + network + `",
  "plugins": [{
    "type": "bridge", "bridge": "` + podBridge + `", "isGateway": true, "hairpinMode": true, "ipMasq": false,
    "ipam": {"type": "host-local", "dataDir": "` + addresses + `", "ranges": [[{"subnet": "` + podRange + `"}]], "routes": [{"dst": "0.0.0.0/0"}]}
  }]
}
`

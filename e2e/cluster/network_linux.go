package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/istio-tenancy/istio-tenancy/e2e/netns"
	"golang.org/x/sys/unix"
)

// network is the network of one Pod: a loopback of its own, and an interface
// with the Pod's address, whose other end is in the cluster's network. What
// listens on all addresses is reached from the cluster, what listens on
// loopback is reached from the Pod alone.
type network struct {
	address netip.Addr
	file    *os.File // the network namespace
}

var (
	// clusterNet is the network namespace of the cluster; see bringUpNetwork.
	clusterNet *os.File
	podNets    atomic.Uint32
)

// newNetwork makes the network of a Pod. Nobody but its neighbour, the
// cluster's network, is on the same wire: 10.112.0.0/12 is cut into pairs.
func newNetwork() (*network, error) {
	n := podNets.Add(1) * 4
	gateway := netip.AddrFrom4([4]byte{10, 112 + byte(n>>16), byte(n >> 8), byte(n) + 1})
	network := &network{address: gateway.Next()}
	outside := fmt.Sprintf("pod%d", n/4)
	err := netns.OnThreadOfItsOwn(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		if network.file, err = os.Open("/proc/thread-self/ns/net"); err != nil {
			return err
		}
		return errors.Join(addVeth("eth0", outside), up("lo"), give("eth0", network.address), up("eth0"))
	})
	if err == nil {
		err = errors.Join(give(outside, gateway), up(outside))
	}
	if err == nil {
		err = network.do(func() error { return addDefaultRoute(gateway) })
	}
	if err != nil {
		return nil, fmt.Errorf("network of a Pod: %w", errors.Join(err, network.close()))
	}
	return network, nil
}

// close gives the network up; it ends with the last process in it.
func (n *network) close() error { return n.file.Close() }

// do calls f inside of the network; see netns.Do.
func (n *network) do(f func() error) error { return netns.Do(n.file, f) }

// dial connects as a program in the Pod does.
func (n *network) dial(ctx context.Context, kind, address string) (conn net.Conn, err error) {
	err = n.do(func() error {
		conn, err = (&net.Dialer{}).DialContext(ctx, kind, address)
		return err
	})
	return conn, err
}

// addVeth makes a pair of interfaces: one here, one in the cluster's network.
func addVeth(here, there string) error {
	peer := link(0, 0)
	peer = append(peer, attribute(unix.IFLA_IFNAME, append([]byte(there), 0))...)
	peer = append(peer, attribute(unix.IFLA_NET_NS_FD, binary.NativeEndian.AppendUint32(nil, uint32(clusterNet.Fd())))...)
	const vethInfoPeer = 1 // VETH_INFO_PEER of linux/veth.h
	info := append(attribute(unix.IFLA_INFO_KIND, []byte("veth")),
		attribute(unix.IFLA_INFO_DATA, attribute(vethInfoPeer, peer))...)
	body := append(link(0, 0), attribute(unix.IFLA_IFNAME, append([]byte(here), 0))...)
	return netlink("add a veth", unix.RTM_NEWLINK, append(body, attribute(unix.IFLA_LINKINFO, info)...))
}

func up(name string) error {
	index, err := indexOf(name)
	if err != nil {
		return err
	}
	return netlink("set up "+name, unix.RTM_SETLINK, link(index, unix.IFF_UP))
}

// give gives an address, and with it the way to the other of the pair.
func give(name string, address netip.Addr) error {
	index, err := indexOf(name)
	if err != nil {
		return err
	}
	body := []byte{unix.AF_INET, 30, 0, unix.RT_SCOPE_UNIVERSE}
	body = binary.NativeEndian.AppendUint32(body, index)
	body = append(body, attribute(unix.IFA_LOCAL, address.AsSlice())...)
	return netlink("give an address to "+name, unix.RTM_NEWADDR, append(body, attribute(unix.IFA_ADDRESS, address.AsSlice())...))
}

func addDefaultRoute(gateway netip.Addr) error {
	body := []byte{unix.AF_INET, 0, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST, 0, 0, 0, 0}
	return netlink("add a route", unix.RTM_NEWROUTE, append(body, attribute(unix.RTA_GATEWAY, gateway.AsSlice())...))
}

// indexOf asks the network that the calling thread is in.
func indexOf(name string) (uint32, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, request); err != nil {
		return 0, fmt.Errorf("find %s: %w", name, err)
	}
	return request.Uint32(), nil
}

// link is a struct ifinfomsg.
func link(index uint32, flags uint32) []byte {
	body := make([]byte, 4, 16)
	body = binary.NativeEndian.AppendUint32(body, index)
	body = binary.NativeEndian.AppendUint32(body, flags)
	return binary.NativeEndian.AppendUint32(body, flags)
}

// attribute is a struct rtattr with its value, padded.
func attribute(kind uint16, value []byte) []byte {
	data := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	data = append(binary.NativeEndian.AppendUint16(data, kind), value...)
	return append(data, make([]byte, -len(data)&3)...)
}

// netlink sends one request to the kernel, in the network that the calling
// thread is in, and waits for the answer.
func netlink(what string, kind uint16, body []byte) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	message := binary.NativeEndian.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(body)))
	message = binary.NativeEndian.AppendUint16(message, kind)
	message = binary.NativeEndian.AppendUint16(message, unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	message = append(append(message, make([]byte, 8)...), body...)
	if err := unix.Sendto(fd, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	answer := make([]byte, 4096)
	read, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil || read < unix.NLMSG_HDRLEN+int(unsafe.Sizeof(int32(0))) {
		return fmt.Errorf("%s: the kernel's answer of %d bytes: %w", what, read, err)
	}
	if code := int32(binary.NativeEndian.Uint32(answer[unix.NLMSG_HDRLEN:])); code != 0 {
		return fmt.Errorf("%s: %w", what, unix.Errno(-code))
	}
	return nil
}

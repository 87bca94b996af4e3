package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	ipv4Frame = 0x0800
	arpFrame  = 0x0806
)

// wire is a socket for whole frames on the Pod's own interface.
type wire struct {
	socket int
	link   netlink.Link
	mac    net.HardwareAddr
}

func open(frames uint16) (*wire, error) {
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return nil, err
	}
	kind := int(frames<<8 | frames>>8)
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, kind)
	if err != nil {
		return nil, fmt.Errorf("a socket for frames: %w", err)
	}
	return &wire{socket, link, link.Attrs().HardwareAddr}, errors.Join(
		unix.Bind(socket, &unix.SockaddrLinklayer{Protocol: uint16(kind), Ifindex: link.Attrs().Index}),
		unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}),
	)
}

func (w *wire) send(to net.HardwareAddr, frames uint16, payload []byte) error {
	frame := append(append(append([]byte{}, to...), w.mac...), byte(frames>>8), byte(frames))
	return unix.Sendto(w.socket, append(frame, payload...), 0, &unix.SockaddrLinklayer{Ifindex: w.link.Attrs().Index})
}

// receive hands the payload of each frame to f, until f is content or the time is over.
func (w *wire) receive(f func(payload []byte) bool) bool {
	buffer := make([]byte, 2048)
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if n, _, err := unix.Recvfrom(w.socket, buffer, 0); err == nil && n > 14 && f(buffer[14:n]) {
			return true
		}
	}
	return false
}

var gateway = net.IPv4(10, 98, 0, 1)

// macOf asks by ARP, which no NetworkPolicy is about.
func macOf(address net.IP) (net.HardwareAddr, error) {
	w, err := open(arpFrame)
	if err != nil {
		return nil, err
	}
	defer unix.Close(w.socket)
	own, err := netlink.AddrList(w.link, netlink.FAMILY_V4)
	if err != nil || len(own) == 0 {
		return nil, errors.Join(err, errors.New("eth0 has no address"))
	}
	everybody := net.HardwareAddr{255, 255, 255, 255, 255, 255}
	if err := w.send(everybody, arpFrame, arp(1, w.mac, own[0].IP, make(net.HardwareAddr, 6), address)); err != nil {
		return nil, err
	}
	var found net.HardwareAddr
	w.receive(func(p []byte) bool {
		if len(p) >= 28 && p[7] == 2 && net.IP(p[14:18]).Equal(address) {
			found = append(net.HardwareAddr{}, p[8:14]...)
		}
		return found != nil
	})
	if found == nil {
		return nil, fmt.Errorf("nobody says that it has %s", address)
	}
	return found, nil
}

func arp(operation byte, fromMAC net.HardwareAddr, from net.IP, toMAC net.HardwareAddr, to net.IP) []byte {
	p := []byte{0, 1, 8, 0, 6, 4, 0, operation}
	p = append(append(p, fromMAC...), from.To4()...)
	return append(append(p, toMAC...), to.To4()...)
}

// syn asks for a connection in the name of another address, and says whether an answer
// came back here. One on the loopback range goes to the node, past the routes of both.
func syn(args []string) (string, error) {
	source := net.ParseIP(args[0])
	target, err := net.ResolveTCPAddr("tcp4", args[1])
	if err != nil {
		return "", err
	}
	next := target.IP
	if next.IsLoopback() {
		next = gateway
	}
	mac, err := macOf(next)
	if err != nil {
		return "", err
	}
	w, err := open(ipv4Frame)
	if err != nil {
		return "", err
	}
	defer unix.Close(w.socket)
	const port = 34567
	if err := w.send(mac, ipv4Frame, segment(source, target.IP, port, uint16(target.Port))); err != nil {
		return "", err
	}
	answered := w.receive(func(p []byte) bool {
		head := int(p[0]&15) * 4
		return p[9] == unix.IPPROTO_TCP && len(p) >= head+14 && net.IP(p[12:16]).Equal(target.IP) &&
			binary.BigEndian.Uint16(p[head+2:]) == port && p[head+13] == 0x12 // SYN and ACK
	})
	if !answered {
		return "sent", errors.New("no answer came back")
	}
	return "sent, and answered", nil
}

// segment is a SYN, with its IP header.
func segment(source, target net.IP, from, to uint16) []byte {
	tcp := make([]byte, 20)
	binary.BigEndian.PutUint16(tcp[0:], from)
	binary.BigEndian.PutUint16(tcp[2:], to)
	binary.BigEndian.PutUint32(tcp[4:], 1)
	tcp[12], tcp[13], tcp[14] = 5<<4, 2, 0xff
	pseudo := append(append(append([]byte{}, source.To4()...), target.To4()...), 0, unix.IPPROTO_TCP, 0, 20)
	binary.BigEndian.PutUint16(tcp[16:], checksum(append(pseudo, tcp...)))
	ip := make([]byte, 20)
	ip[0], ip[3], ip[8], ip[9] = 0x45, 40, 64, unix.IPPROTO_TCP
	copy(ip[12:], source.To4())
	copy(ip[16:], target.To4())
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	return append(ip, tcp...)
}

func checksum(data []byte) uint16 {
	var sum uint32
	for i := 0; i < len(data); i += 2 {
		sum += uint32(data[i])<<8 | uint32(data[i+1])
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

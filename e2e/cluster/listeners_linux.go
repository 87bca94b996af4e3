package cluster

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Listening are the ports on which this istiod, which is alone in its network,
// listens: for everybody, and for its own Pod alone.
func (i *Istiod) Listening() (everybody, own []string, err error) {
	for _, table := range []string{"tcp", "tcp6"} {
		err := i.network.do(func() error {
			file, err := os.Open("/proc/thread-self/net/" + table)
			if err != nil {
				return err
			}
			defer file.Close()
			lines := bufio.NewScanner(file)
			lines.Scan() // the head of the table
			for lines.Scan() {
				fields := strings.Fields(lines.Text())
				const listen = "0A"
				if fields[3] != listen {
					continue
				}
				address, port, err := listener(fields[1])
				if err != nil {
					return fmt.Errorf("%s: %w", lines.Text(), err)
				}
				if address.IsLoopback() {
					own = append(own, port)
				} else {
					everybody = append(everybody, port)
				}
			}
			return lines.Err()
		})
		if err != nil {
			return nil, nil, err
		}
	}
	slices.Sort(everybody)
	slices.Sort(own)
	return slices.Compact(everybody), slices.Compact(own), nil
}

// listener reads what the kernel writes: the address in words of the machine,
// and the port, in hexadecimal.
func listener(text string) (netip.Addr, string, error) {
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	if err != nil {
		return netip.Addr{}, "", err
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word) // the tests run on little-endian machines
	}
	address, ok := netip.AddrFromSlice(raw)
	number, err := strconv.ParseUint(port, 16, 16)
	if err == nil && !ok {
		err = fmt.Errorf("%q is no address", host)
	}
	return address.Unmap(), strconv.FormatUint(number, 10), err
}

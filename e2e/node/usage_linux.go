package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Usage is what a program has taken.
type Usage struct {
	// CPU is since it started, with that of what it ran itself in a container.
	CPU time.Duration
	// Memory is what it has now, in bytes, without files that the kernel keeps at hand.
	Memory int64
}

// Container is the usage of the container that a process is in.
func (p Process) Container() (Usage, error) {
	folders, err := p.cgroups()
	if err != nil {
		return Usage{}, err
	}
	nanoseconds, err := numberIn(filepath.Join(folders["cpuacct"], "cpuacct.usage"))
	if err != nil {
		return Usage{}, err
	}
	text, err := os.ReadFile(filepath.Join(folders["memory"], "memory.stat"))
	if err != nil {
		return Usage{}, err
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "total_rss "); found {
			memory, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return Usage{time.Duration(nanoseconds), memory}, err
		}
	}
	return Usage{}, fmt.Errorf("%s/memory.stat: has no total_rss", folders["memory"])
}

// cgroups are the folders of a process, by hierarchy.
func (p Process) cgroups() (map[string]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.ID))
	if err != nil {
		return nil, err
	}
	folders := map[string]string{}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		for hierarchy := range strings.SplitSeq(parts[1], ",") {
			folders[hierarchy] = filepath.Join(cgroups, hierarchy, parts[2])
		}
	}
	return folders, nil
}

func numberIn(file string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// ticks are those of a second in /proc/PID/stat.
const ticks = 100

// UsageOf is that of a program beside the node's Pods, by its name: etcd, or kube-apiserver.
func UsageOf(program string) (Usage, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return Usage{}, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), " ("+program+") ") {
			continue
		}
		status, err := statusOf(filepath.Dir(file))
		if err != nil {
			return Usage{}, err
		}
		_, after, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(after) // the first is the third of proc(5)
		if len(fields) < 13 || len(status["RssAnon"]) == 0 {
			return Usage{}, fmt.Errorf("%s: %s", file, text)
		}
		var all int64
		for _, field := range fields[11:13] { // utime, stime
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return Usage{}, fmt.Errorf("%s: %w", file, err)
			}
			all += n
		}
		return Usage{time.Duration(all) * time.Second / ticks, int64(status["RssAnon"][0]) << 10}, nil
	}
	return Usage{}, fmt.Errorf("no program %s runs", program)
}

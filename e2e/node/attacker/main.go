// Command attacker is what a hostile Pod runs. Each verb tries one thing, says what came of it,
// and ends with 0 if it succeeded:
//
//	attacker connect tcp 10.98.0.7:8080
//	attacker get https://10.99.0.1:10250/pods /var/run/secrets/kubernetes.io/serviceaccount/token
//	attacker syn 10.98.0.8 10.98.0.7:8080
//
//	attacker each 'connect tcp 10.98.0.7:8080' 'mount tmpfs /tmp'
//
// The last runs each of its arguments as a process of its own, and prints one line of JSON
// for each, in their order. Without a verb, it waits, so that others can be run beside it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// verbs are what it can do, with the names of their arguments; one in brackets may be left out.
var verbs = map[string]struct {
	args string
	do   func(args []string) (string, error)
}{
	"connect":  {"NETWORK ADDRESS", connect},
	"datagram": {"ADDRESS", datagram},
	"get":      {"URL [TOKENFILE]", get},
	"post":     {"URL BODY", post},
	"lookup":   {"NAME", lookup},
	"redirect": {"PORT URL", redirect},

	"syn":         {"SOURCE TARGET", syn},
	"impersonate": {"ADDRESS TARGET", impersonate},
	"poison":      {"ADDRESS VICTIM", poison},
	"forget":      {"ADDRESS", forget},
	"linklocal":   {"ADDRESS PORT", linkLocal},

	"read":    {"FILE", read},
	"write":   {"FILE TEXT", write},
	"link":    {"TARGET LINK", link},
	"mount":   {"TYPE FOLDER", mount},
	"device":  {"block|char MAJOR MINOR", device},
	"enter":   {"FILE", enter},
	"module":  {"", module},
	"ptrace":  {"PID", ptrace},
	"program": {"", program},
	"handle":  {"FOLDER", handle},
}

func main() {
	if len(os.Args) == 1 {
		for {
			time.Sleep(time.Hour)
		}
	}
	if os.Args[1] == "each" {
		each(os.Args[2:])
		return
	}
	verb, ok := verbs[os.Args[1]]
	names := strings.Fields(verb.args)
	least := len(slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n[0] == '[' }))
	if args := os.Args[2:]; !ok || len(args) < least || len(args) > len(names) {
		fmt.Fprintf(os.Stderr, "attacker: %q is not a verb with its arguments\n", os.Args[1:])
		os.Exit(2)
	}
	said, err := verb.do(os.Args[2:])
	fmt.Println(said)
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

// atOnce is how many processes run side by side.
const atOnce = 4

func each(lines []string) {
	outcomes := make([]struct {
		Came bool
		Said string
	}, len(lines))
	var all sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i, line := range lines {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			out, err := exec.Command("/proc/self/exe", strings.Fields(line)...).CombinedOutput()
			outcomes[i].Came, outcomes[i].Said = err == nil, string(out)
		})
	}
	all.Wait()
	for _, o := range outcomes {
		_ = json.NewEncoder(os.Stdout).Encode(o)
	}
}

// Command attacker is what a hostile Pod runs. Each verb tries one thing, says what came of it,
// and ends with 0 if it succeeded:
//
//	attacker connect tcp 10.98.0.7:8080
//	attacker get https://10.99.0.1:10250/pods /var/run/secrets/kubernetes.io/serviceaccount/token
//	attacker syn 10.98.0.8 10.98.0.7:8080
//
// Without a verb, it waits, so that others can be run beside it.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
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
	verb, ok := verbs[os.Args[1]]
	names := strings.Fields(verb.args)
	least := len(slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n[0] == '[' }))
	if args := os.Args[2:]; !ok || len(args) < least || len(args) > len(names) {
		fmt.Fprintf(os.Stderr, "attacker: %q is no verb with these arguments\n", os.Args[1:])
		os.Exit(2)
	}
	said, err := verb.do(os.Args[2:])
	fmt.Println(said)
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

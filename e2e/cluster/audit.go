package cluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// auditLog is the path of the nth API server's audit log, one JSON event per line.
func (c *Cluster) auditLog(n int) string {
	if n == 1 {
		return filepath.Join(c.Logs, "audit.log")
	}
	return filepath.Join(c.Logs, fmt.Sprintf("audit-%d.log", n))
}

// Request is one line of the audit log.
type Request struct {
	User        string
	Verb        string
	Group       string
	Resource    string // with its subresource: pods/status
	Namespace   string // empty at cluster scope
	Name        string
	NonResource string // the path, of requests that are about no resource
	DryRun      bool
	Code        int
	Agent       string    // the client's User-Agent
	At          time.Time // when it ended; for a watch that goes on, when it began
}

// Requests are the requests that a user has made so far, in their order at each
// API server. User "" stands for everybody.
func (c *Cluster) Requests(user string) ([]Request, error) {
	var all []Request
	for n := range c.servers {
		requests, err := readAudit(c.auditLog(n+1), user)
		if err != nil {
			return nil, err
		}
		all = append(all, requests...)
	}
	return all, nil
}

func readAudit(path, user string) ([]Request, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var requests []Request
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if !bytes.Contains(lines.Bytes(), []byte(user)) {
			continue // nearly all, of whom nobody has asked: they need not be decoded
		}
		var event struct {
			User           struct{ Username string }
			Verb           string
			RequestURI     string
			UserAgent      string
			StageTimestamp time.Time
			ObjectRef      *struct{ Resource, Subresource, APIGroup, Namespace, Name string }
			ResponseStatus struct{ Code int }
		}
		if json.Unmarshal(lines.Bytes(), &event) != nil || (user != "" && event.User.Username != user) {
			continue // the last line may be half written
		}
		r := Request{User: event.User.Username, Verb: event.Verb, DryRun: strings.Contains(event.RequestURI, "dryRun=All"),
			Code: event.ResponseStatus.Code, Agent: event.UserAgent, At: event.StageTimestamp}
		if o := event.ObjectRef; o == nil {
			r.NonResource = event.RequestURI
		} else {
			r.Group, r.Resource, r.Namespace, r.Name = o.APIGroup, o.Resource, o.Namespace, o.Name
			if o.Subresource != "" {
				r.Resource += "/" + o.Subresource
			}
			if r.Resource == "namespaces" { // the API server files a Namespace under itself
				r.Namespace = ""
			}
		}
		requests = append(requests, r)
	}
	return requests, lines.Err()
}

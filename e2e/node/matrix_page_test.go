package node_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const networkPage = "../../docs/network.md"

// TestThePageIsTheTable needs no node. With -update, it writes the page.
func TestThePageIsTheTable(t *testing.T) {
	text, err := os.ReadFile(networkPage)
	require.NoError(t, err)
	head, body := pageTable()
	before, rest, found := strings.Cut(string(text), head)
	require.True(t, found || *update, "%s has no table with the columns of this test: go test -update writes one", networkPage)
	if !found {
		before, rest, found = strings.Cut(string(text), "| to | by | port |")
		require.True(t, found, "%s has no table of who reaches what", networkPage)
	}
	_, after, _ := strings.Cut(rest, "\n\n")
	want := before + head + body + "\n" + after
	if *update {
		require.NoError(t, os.WriteFile(networkPage, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "go test -update writes %s", networkPage)
}

// pageTable is rows in Markdown.
func pageTable() (head, body string) {
	head = "| to | by | port |"
	for _, c := range columns {
		head += " " + c.name + " |"
	}
	head += "\n|---|---|---|" + strings.Repeat("---|", len(columns)) + "\n"
	for _, r := range rows {
		body += fmt.Sprintf("| %s | %s | %d |", r.to, r.by, r.port)
		for _, c := range columns {
			if slices.Contains(r.from, c.name) {
				body += " yes |"
			} else {
				body += " no |"
			}
		}
		body += "\n"
	}
	return head, body
}

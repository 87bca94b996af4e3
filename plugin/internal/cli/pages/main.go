// Command pages writes what packages have in addition to the program: completions for
// shells, and a manual page for each command. They are generated from the commands.
//
//	go run ./plugin/internal/cli/pages -o build/pages
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/cli"
)

func main() {
	into := flag.String("o", "", "`folder` for the pages. Its content is deleted first")
	date := flag.String("date", "", "`date` on the manual pages, such as 2026-01-31")
	flag.Parse()
	if err := run(*into, *date); err != nil {
		fmt.Fprintln(os.Stderr, "pages:", err)
		os.Exit(1)
	}
}

func run(into, text string) error {
	if into == "" {
		return errors.New(`-o: found "". Write the folder for the pages`)
	}
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return fmt.Errorf("-date: found %q. Write a date such as 2026-01-31: %w", text, err)
	}
	if err := os.RemoveAll(into); err != nil {
		return err
	}
	root := cli.New(cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	return errors.Join(completions(root, filepath.Join(into, "completions")), manual(root, date, filepath.Join(into, "man")))
}

// completions writes them under the names that shells and Homebrew expect.
func completions(root *cobra.Command, into string) error {
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	at := func(name string) string { return filepath.Join(into, name) }
	return errors.Join(
		root.GenBashCompletionFileV2(at(root.Name()+".bash"), true),
		root.GenZshCompletionFile(at("_"+root.Name())),
		root.GenFishCompletionFile(at(root.Name()+".fish"), true),
		root.GenPowerShellCompletionFileWithDesc(at(root.Name()+".ps1")),
	)
}

func manual(root *cobra.Command, date time.Time, into string) error {
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	root.DisableAutoGenTag = true // the same commands make the same pages
	return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: root.Name(), Manual: root.Name(), Date: &date}, into)
}

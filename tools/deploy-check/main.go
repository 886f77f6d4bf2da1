// Reads the Dockerfile, the compose file and the manifests with the code of the programs that will read them: BuildKit's parser and linter, Compose's loader, and the types of the Kubernetes API, strictly.
// Says what any of them objects to, and ends with 1 if there is anything.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// dockerfile is read as `docker build` reads it; every rule of its linter that objects is an objection.
func dockerfile(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	var objections []error
	lint := linter.New(&linter.Config{Warn: func(rule, description, url, message string, _ []parser.Range) {
		objections = append(objections, fmt.Errorf("%s: %s", rule, message))
	}})
	stages, _, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		return 0, err
	}
	for _, warning := range parsed.Warnings {
		objections = append(objections, errors.New(warning.Short))
	}
	return len(stages), errors.Join(objections...)
}

// composeFile is loaded as `docker compose` loads it, with a folder in which nothing was made yet.
func composeFile(path string) (int, error) {
	options, err := cli.NewProjectOptions([]string{path}, cli.WithResolvedPaths(true), cli.WithInterpolation(true), cli.WithProfiles([]string{"*"}), cli.WithoutEnvironmentResolution)
	if err != nil {
		return 0, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return 0, err
	}
	return len(project.Services), nil
}

// manifests are decoded into the types of the Kubernetes API, and no unknown or doubled field is passed over.
func manifests(path string) (int, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, policyv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return 0, err
		}
	}
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	documents := yaml.NewDocumentDecoder(file)
	defer documents.Close()
	var objections []error
	count := 0
	for {
		document := make([]byte, 1<<20)
		read, err := documents.Read(document)
		if errors.Is(err, io.EOF) {
			return count, errors.Join(objections...)
		}
		if err != nil {
			return count, err
		}
		count++
		if _, kind, err := strict.Decode(document[:read], nil, nil); err != nil {
			objections = append(objections, fmt.Errorf("document %d (%v): %w", count, kind, err))
		}
	}
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: deploy-check DOCKERFILE COMPOSE.YAML MANIFESTS.YAML")
		os.Exit(2)
	}
	checks := []struct {
		what string
		read func(string) (int, error)
	}{{"stages", dockerfile}, {"services", composeFile}, {"manifests", manifests}}
	failed := false
	for at, check := range checks {
		count, err := check.read(os.Args[at+1])
		if err != nil {
			failed = true
			fmt.Printf("%s: %v\n", os.Args[at+1], err)
			continue
		}
		fmt.Printf("%s: %d %s, nothing to object to\n", os.Args[at+1], count, check.what)
	}
	if failed {
		os.Exit(1)
	}
}

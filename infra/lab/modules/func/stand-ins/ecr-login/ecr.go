// Package ecr stands for the registry login of Amazon, of which func requires a commit that not every module proxy has. This
// one knows no credentials, so that a push to such a registry would be refused; the lab never pushes.
package ecr

import (
	"context"
	"io"

	"github.com/docker/docker-credential-helpers/credentials"
)

// Option changes nothing here.
type Option func()

// WithLogger is accepted and ignored.
func WithLogger(io.Writer) Option { return func() {} }

// WithContext is accepted and ignored.
func WithContext(context.Context) Option { return func() {} }

// ECRHelper is a credential helper that has none.
type ECRHelper struct{}

// NewECRHelper makes a helper that has no credentials.
func NewECRHelper(...Option) *ECRHelper { return &ECRHelper{} }

// Get says that there are no credentials for any registry.
func (*ECRHelper) Get(string) (string, string, error) {
	return "", "", credentials.NewErrCredentialsNotFound()
}

// Add is refused: credentials are not kept.
func (*ECRHelper) Add(*credentials.Credentials) error { return credentials.NewErrCredentialsNotFound() }

// Delete is refused: credentials are not kept.
func (*ECRHelper) Delete(string) error { return credentials.NewErrCredentialsNotFound() }

// List has nothing to tell.
func (*ECRHelper) List() (map[string]string, error) { return nil, nil }

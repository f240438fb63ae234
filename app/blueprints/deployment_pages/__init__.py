"""The pages of one deployment, the same in the portals that keep deployments: the editor’s and the platform’s."""

// The address that tokens are asked for by. It is made of the registration's own id, which Entra ID chooses: so the
// registration is written once more when that is known.
extension microsoftGraphV1

param name string
param appId string

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: name
  displayName: name
  identifierUris: ['api://${appId}']
}

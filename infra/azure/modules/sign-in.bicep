// The registration that people's tokens are made out to. It holds no secret and signs nobody in: the service only checks
// tokens. docs/sign-in.md says what each setting is for.
extension microsoftGraphV1

@description('What people see when they sign in, and what the registration is found by when it is deployed again.')
param name string

@description('Object id of who becomes the first administrator; empty for nobody.')
param administratorId string

var azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'
var accessScopeId = guid(name, 'access_as_user')
var roles = [
  { name: 'Reader', description: 'Looks at groups, machines and the audit trail.' }
  { name: 'Operator', description: 'Creates and changes groups, renews, enrolls and removes machines.' }
  { name: 'Admin', description: 'Does what an operator does, and deletes groups.' }
]

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: name
  displayName: name
  signInAudience: 'AzureADMyOrg'
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [
      {
        id: accessScopeId
        value: 'access_as_user'
        type: 'User'
        isEnabled: true
        adminConsentDisplayName: 'Use Keyturn'
        adminConsentDescription: 'Lets the program use Keyturn for whoever has signed in to it.'
        userConsentDisplayName: 'Use Keyturn'
        userConsentDescription: 'Lets the program use Keyturn for you.'
      }
    ]
    preAuthorizedApplications: [{ appId: azureCli, delegatedPermissionIds: [accessScopeId] }]
  }
  appRoles: [
    for role in roles: {
      id: guid(name, role.name)
      value: role.name
      displayName: role.name
      description: role.description
      allowedMemberTypes: ['User', 'Application']
      isEnabled: true
    }
  ]
  // Tells a program's own token from a person's.
  optionalClaims: { accessToken: [{ name: 'idtyp' }] }
}

resource servicePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
  appRoleAssignmentRequired: true
}

resource administrator 'Microsoft.Graph/appRoleAssignedTo@v1.0' = if (!empty(administratorId)) {
  appRoleId: guid(name, 'Admin')
  principalId: administratorId
  resourceId: servicePrincipal.id
}

output appId string = application.appId

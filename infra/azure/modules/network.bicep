// A network of the service's own: the app calls out from one subnet, and finds storage, documents and vault in the other.

param location string
param tags object
param suffix string

@description('The first two numbers of the network\'s addresses: 10.71 takes 10.71.0.0/23.')
param addressPrefix string

resource network 'Microsoft.Network/virtualNetworks@2025-09-01' = {
  name: 'vnet-keyturn-${suffix}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['${addressPrefix}.0.0/23'] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: '${addressPrefix}.0.0/24'
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: '${addressPrefix}.1.0/24'
          defaultOutboundAccess: false
        }
      }
    ]
  }
}

output id string = network.id
output appSubnetId string = '${network.id}/subnets/app'
output endpointSubnetId string = '${network.id}/subnets/endpoints'

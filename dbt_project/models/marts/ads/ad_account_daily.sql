select * from {{ ref('int_ad_mart') }} where entity_level = 'account' and grain = 'day'

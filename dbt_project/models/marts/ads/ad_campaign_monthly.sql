select * from {{ ref('int_ad_mart') }} where entity_level = 'campaign' and grain = 'month'

select * from {{ ref('int_ad_mart') }} where entity_level = 'ad_group' and grain = 'month'

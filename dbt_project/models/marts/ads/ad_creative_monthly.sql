select * from {{ ref('int_ad_mart') }} where entity_level = 'ad' and grain = 'month'

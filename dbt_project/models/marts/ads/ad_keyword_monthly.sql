select * from {{ ref('int_ad_mart') }} where entity_level = 'keyword' and grain = 'month'

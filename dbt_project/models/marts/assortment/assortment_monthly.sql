select * from {{ ref('int_assortment_mart') }} where grain = 'month'

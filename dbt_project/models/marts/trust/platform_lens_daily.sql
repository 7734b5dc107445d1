select * from {{ ref('int_platform_lens') }} where grain = 'day'

select {{ gmv_change_columns() }} from {{ ref('int_gmv_change') }} where grain = 'week'
